BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0001');
CREATE TABLE app_user (
	id INTEGER NOT NULL, 
	uid VARCHAR(32) NOT NULL, 
	username VARCHAR(40) NOT NULL, 
	display_name VARCHAR(40) NOT NULL, 
	staff_no VARCHAR(40), 
	phone_sealed BLOB, 
	password_hash VARCHAR(100) NOT NULL, 
	must_change_password BOOLEAN NOT NULL, 
	is_active BOOLEAN NOT NULL, 
	is_protection_leader BOOLEAN NOT NULL, 
	created_at DATETIME NOT NULL, 
	version INTEGER NOT NULL, 
	CONSTRAINT pk_app_user PRIMARY KEY (id), 
	CONSTRAINT ck_app_user_username_lower CHECK (username = lower(username)), 
	CONSTRAINT uq_app_user_staff_no UNIQUE (staff_no), 
	CONSTRAINT uq_app_user_uid UNIQUE (uid), 
	CONSTRAINT uq_app_user_username UNIQUE (username)
);
INSERT INTO "app_user" VALUES(1,'3d94238164384895a0608a7e0502baa1','staff0','试staff0',NULL,NULL,'x',0,1,0,'2026-11-20 01:41:00.000000',1);
INSERT INTO "app_user" VALUES(2,'f800e8f64c9c4d5cb26a6d0986d64e26','staff1','试staff1',NULL,NULL,'x',0,1,0,'2026-11-20 01:41:00.000000',1);
INSERT INTO "app_user" VALUES(3,'2c39ed593fee450ab2636b3855436ddc','staff2','试staff2',NULL,NULL,'x',0,1,0,'2026-11-20 01:41:00.000000',1);
INSERT INTO "app_user" VALUES(4,'c55ca285e22641f6bff5b13536f0f697','w0-1','试新来',NULL,NULL,'y',1,1,0,'2026-11-20 01:41:00.000000',1);
CREATE TABLE assessment (
	id INTEGER NOT NULL, 
	uid VARCHAR(32) NOT NULL, 
	referral_id INTEGER NOT NULL, 
	student_id INTEGER NOT NULL, 
	assessed_by_id INTEGER NOT NULL, 
	assessed_at DATETIME NOT NULL, 
	domains VARCHAR(120) NOT NULL, 
	suggested_severity VARCHAR(40) NOT NULL, 
	suggestion_reasons VARCHAR(400) NOT NULL, 
	severity VARCHAR(40) NOT NULL, 
	is_overridden BOOLEAN NOT NULL, 
	override_reason_sealed BLOB, 
	nature_sealed BLOB, 
	measures_sealed BLOB, 
	parts_filled INTEGER NOT NULL, 
	version INTEGER NOT NULL, 
	CONSTRAINT pk_assessment PRIMARY KEY (id), 
	CONSTRAINT fk_assessment_assessed_by_id_app_user FOREIGN KEY(assessed_by_id) REFERENCES app_user (id) ON DELETE RESTRICT, 
	CONSTRAINT fk_assessment_referral_id_referral FOREIGN KEY(referral_id) REFERENCES referral (id) ON DELETE RESTRICT, 
	CONSTRAINT fk_assessment_student_id_student FOREIGN KEY(student_id) REFERENCES student (id) ON DELETE RESTRICT, 
	CONSTRAINT uq_assessment_referral_id UNIQUE (referral_id), 
	CONSTRAINT uq_assessment_uid UNIQUE (uid), 
	CONSTRAINT ck_assessment_suggested_severity CHECK (suggested_severity IN ('ordinary', 'serious')), 
	CONSTRAINT ck_assessment_severity CHECK (severity IN ('ordinary', 'serious'))
);
CREATE TABLE audit_event (
	seq INTEGER NOT NULL, 
	at DATETIME NOT NULL, 
	actor_id INTEGER, 
	actor_label VARCHAR(80), 
	action VARCHAR(60) NOT NULL, 
	target_table VARCHAR(60), 
	target_id INTEGER, 
	student_id INTEGER, 
	details VARCHAR NOT NULL, 
	link VARCHAR(64) NOT NULL, 
	CONSTRAINT pk_audit_event PRIMARY KEY (seq), 
	CONSTRAINT fk_audit_event_actor_id_app_user FOREIGN KEY(actor_id) REFERENCES app_user (id) ON DELETE RESTRICT
);
INSERT INTO "audit_event" VALUES(1,'2026-11-20 01:41:00.000000',NULL,NULL,'account.created','app_user',1,NULL,'{"roles":["lead"]}','ff00719b8d1e4875b2a9ed8b04e60b2d72201561cd392aea288d5bdc779bf6a0');
INSERT INTO "audit_event" VALUES(2,'2026-11-20 01:41:00.000000',NULL,NULL,'account.created','app_user',2,NULL,'{"roles":["counsellor"]}','929d097a0e2b6c11c19dfa04eb7c6b7a845fab9aa181bcac247a7ff79b09accc');
INSERT INTO "audit_event" VALUES(3,'2026-11-20 01:41:00.000000',NULL,NULL,'account.created','app_user',3,NULL,'{"roles":["homeroom"]}','0a35aabaf595c525669f4e27955ed22f29c35cdf811de650ed7fd6190adf9fc1');
INSERT INTO "audit_event" VALUES(4,'2026-11-20 01:41:00.000000',3,NULL,'referral.registered','referral',1,17,'{"channel":"teacher","urgency":"ordinary"}','e2103922646c4c02e660c11b42f6e15b4a6ebd34507c44e6dc871fd4935af63d');
INSERT INTO "audit_event" VALUES(5,'2026-11-20 01:41:00.000000',3,NULL,'referral.registered','referral',2,28,'{"channel":"teacher","urgency":"ordinary"}','51d3d6005d7d6568314a71b06e5f18ea914814ca617105d4601d09da66335228');
INSERT INTO "audit_event" VALUES(6,'2026-11-20 01:41:00.000000',3,NULL,'referral.registered','referral',3,18,'{"channel":"teacher","urgency":"ordinary"}','3b7c4750a7e600b704ad291c454aafae33dbd7cafd12b0cc6c3b89d09aec86bb');
INSERT INTO "audit_event" VALUES(7,'2026-11-20 01:41:00.000000',3,NULL,'referral.registered','referral',4,14,'{"channel":"teacher","urgency":"ordinary"}','81929fc8b975a1fcb9e24e551e1c9489054d259021b74c88249007615c88d8fb');
INSERT INTO "audit_event" VALUES(8,'2026-11-20 01:41:00.000000',3,NULL,'referral.registered','referral',5,11,'{"channel":"teacher","urgency":"ordinary"}','5a86d54d7019041182d26f192caa7b2cd2aecf7edd22a20a43b3cdcb8f640688');
INSERT INTO "audit_event" VALUES(9,'2026-11-20 01:41:00.000000',3,NULL,'referral.registered','referral',6,25,'{"channel":"teacher","urgency":"ordinary"}','f370db865ea4ecb969aa9c9907f0cb3706941b5086e5af94596ebadc2df3d30c');
INSERT INTO "audit_event" VALUES(10,'2026-11-20 01:41:00.000000',1,NULL,'import.confirmed','import_batch',1,NULL,'{"changed":0,"created":4,"list":"students","rejected":0,"unchanged":0}','a4bcbe44abec17a19db4a83f0b65f4ce7109be5c30f8563b57b07da0720ebd04');
INSERT INTO "audit_event" VALUES(11,'2026-11-20 01:41:00.000000',1,NULL,'import.confirmed','import_batch',2,NULL,'{"changed":1,"created":0,"list":"students","rejected":0,"unchanged":0}','c9ae386265505934447867f089aea2363861b4db477324dc22317de3662f8318');
INSERT INTO "audit_event" VALUES(12,'2026-11-20 01:41:00.000000',1,NULL,'import.confirmed','import_batch',3,NULL,'{"changed":1,"created":0,"list":"students","rejected":0,"unchanged":0}','2e111349639d1206b7231db0577efbb39eaccec163e8d7cd37c6ced95e2d1381');
INSERT INTO "audit_event" VALUES(13,'2026-11-20 01:41:00.000000',1,NULL,'account.created','app_user',4,NULL,'{"roles":["mentor"]}','15ac190c7dbfa38d8dfcb20f468708e1a9509cc9fba0473dba7de2d73caa065e');
INSERT INTO "audit_event" VALUES(14,'2026-11-20 01:41:00.000000',2,NULL,'referral.moved','referral',3,18,'{"after":"in_assessment","before":"received"}','298ce786058b401068788f2575ae61647965eea0cb969454d8c9c39f6de2d483');
INSERT INTO "audit_event" VALUES(15,'2026-11-20 01:41:00.000000',2,NULL,'referral.moved','referral',1,17,'{"after":"in_assessment","before":"received"}','41b1465f65948c1017b6c7beac8a876fafdea739515fa8d6c9127dc51f038cf8');
INSERT INTO "audit_event" VALUES(16,'2026-11-20 01:41:00.000000',2,NULL,'referral.moved','referral',6,25,'{"after":"in_assessment","before":"received"}','08838f8c5c26fa9ec14e1a1b07a41a1dd9eaec9871455b2de605e2da6df25df1');
CREATE TABLE care_case (
	id INTEGER NOT NULL, 
	uid VARCHAR(32) NOT NULL, 
	student_id INTEGER NOT NULL, 
	referral_id INTEGER NOT NULL, 
	severity VARCHAR(40) NOT NULL, 
	owner_id INTEGER NOT NULL, 
	state VARCHAR(40) NOT NULL, 
	opened_at DATETIME NOT NULL, 
	closed_at DATETIME, 
	version INTEGER NOT NULL, 
	CONSTRAINT pk_care_case PRIMARY KEY (id), 
	CONSTRAINT fk_care_case_owner_id_app_user FOREIGN KEY(owner_id) REFERENCES app_user (id) ON DELETE RESTRICT, 
	CONSTRAINT fk_care_case_referral_id_referral FOREIGN KEY(referral_id) REFERENCES referral (id) ON DELETE RESTRICT, 
	CONSTRAINT fk_care_case_student_id_student FOREIGN KEY(student_id) REFERENCES student (id) ON DELETE RESTRICT, 
	CONSTRAINT uq_care_case_referral_id UNIQUE (referral_id), 
	CONSTRAINT uq_care_case_uid UNIQUE (uid), 
	CONSTRAINT ck_care_case_severity CHECK (severity IN ('ordinary', 'serious')), 
	CONSTRAINT ck_care_case_casestate CHECK (state IN ('awaiting_conference', 'supported'))
);
CREATE TABLE case_conference (
	id INTEGER NOT NULL, 
	uid VARCHAR(32) NOT NULL, 
	case_id INTEGER NOT NULL, 
	called_at DATETIME NOT NULL, 
	planned_at DATETIME, 
	held_at DATETIME, 
	version INTEGER NOT NULL, 
	CONSTRAINT pk_case_conference PRIMARY KEY (id), 
	CONSTRAINT fk_case_conference_case_id_care_case FOREIGN KEY(case_id) REFERENCES care_case (id) ON DELETE RESTRICT, 
	CONSTRAINT uq_case_conference_uid UNIQUE (uid)
);
CREATE TABLE class_membership (
	id INTEGER NOT NULL, 
	student_id INTEGER NOT NULL, 
	class_id INTEGER NOT NULL, 
	from_day DATE NOT NULL, 
	to_day DATE, 
	CONSTRAINT pk_class_membership PRIMARY KEY (id), 
	CONSTRAINT ck_class_membership_ends_after_start CHECK (to_day IS NULL OR to_day >= from_day), 
	CONSTRAINT fk_class_membership_class_id_school_class FOREIGN KEY(class_id) REFERENCES school_class (id) ON DELETE RESTRICT, 
	CONSTRAINT fk_class_membership_student_id_student FOREIGN KEY(student_id) REFERENCES student (id) ON DELETE RESTRICT
);
INSERT INTO "class_membership" VALUES(1,1,1,'2026-09-01',NULL);
INSERT INTO "class_membership" VALUES(2,2,1,'2026-09-01',NULL);
INSERT INTO "class_membership" VALUES(3,3,1,'2026-09-01',NULL);
INSERT INTO "class_membership" VALUES(4,4,1,'2026-09-01',NULL);
INSERT INTO "class_membership" VALUES(5,5,1,'2026-09-01',NULL);
INSERT INTO "class_membership" VALUES(6,6,1,'2026-09-01',NULL);
INSERT INTO "class_membership" VALUES(7,7,1,'2026-09-01',NULL);
INSERT INTO "class_membership" VALUES(8,8,1,'2026-09-01',NULL);
INSERT INTO "class_membership" VALUES(9,9,1,'2026-09-01',NULL);
INSERT INTO "class_membership" VALUES(10,10,1,'2026-09-01',NULL);
INSERT INTO "class_membership" VALUES(11,11,1,'2026-09-01',NULL);
INSERT INTO "class_membership" VALUES(12,12,1,'2026-09-01',NULL);
INSERT INTO "class_membership" VALUES(13,13,1,'2026-09-01',NULL);
INSERT INTO "class_membership" VALUES(14,14,1,'2026-09-01',NULL);
INSERT INTO "class_membership" VALUES(15,15,1,'2026-09-01',NULL);
INSERT INTO "class_membership" VALUES(16,16,1,'2026-09-01',NULL);
INSERT INTO "class_membership" VALUES(17,17,1,'2026-09-01',NULL);
INSERT INTO "class_membership" VALUES(18,18,1,'2026-09-01',NULL);
INSERT INTO "class_membership" VALUES(19,19,1,'2026-09-01',NULL);
INSERT INTO "class_membership" VALUES(20,20,1,'2026-09-01',NULL);
INSERT INTO "class_membership" VALUES(21,21,1,'2026-09-01',NULL);
INSERT INTO "class_membership" VALUES(22,22,1,'2026-09-01',NULL);
INSERT INTO "class_membership" VALUES(23,23,1,'2026-09-01',NULL);
INSERT INTO "class_membership" VALUES(24,24,1,'2026-09-01',NULL);
INSERT INTO "class_membership" VALUES(25,25,1,'2026-09-01',NULL);
INSERT INTO "class_membership" VALUES(26,26,1,'2026-09-01',NULL);
INSERT INTO "class_membership" VALUES(27,27,1,'2026-09-01',NULL);
INSERT INTO "class_membership" VALUES(28,28,1,'2026-09-01',NULL);
INSERT INTO "class_membership" VALUES(29,29,1,'2026-09-01',NULL);
INSERT INTO "class_membership" VALUES(30,30,1,'2026-09-01',NULL);
INSERT INTO "class_membership" VALUES(31,31,1,'2026-11-20',NULL);
INSERT INTO "class_membership" VALUES(32,32,1,'2026-11-20',NULL);
INSERT INTO "class_membership" VALUES(33,33,1,'2026-11-20',NULL);
INSERT INTO "class_membership" VALUES(34,34,1,'2026-11-20',NULL);
CREATE TABLE class_teacher (
	id INTEGER NOT NULL, 
	class_id INTEGER NOT NULL, 
	user_id INTEGER NOT NULL, 
	kind VARCHAR(40) NOT NULL, 
	subject VARCHAR(20), 
	from_day DATE NOT NULL, 
	to_day DATE, 
	CONSTRAINT pk_class_teacher PRIMARY KEY (id), 
	CONSTRAINT ck_class_teacher_ends_after_start CHECK (to_day IS NULL OR to_day >= from_day), 
	CONSTRAINT fk_class_teacher_class_id_school_class FOREIGN KEY(class_id) REFERENCES school_class (id) ON DELETE RESTRICT, 
	CONSTRAINT fk_class_teacher_user_id_app_user FOREIGN KEY(user_id) REFERENCES app_user (id) ON DELETE RESTRICT, 
	CONSTRAINT ck_class_teacher_classteacherkind CHECK (kind IN ('homeroom', 'subject'))
);
INSERT INTO "class_teacher" VALUES(1,1,3,'homeroom',NULL,'2026-09-01',NULL);
CREATE TABLE conference_participant (
	id INTEGER NOT NULL, 
	uid VARCHAR(32) NOT NULL, 
	conference_id INTEGER NOT NULL, 
	user_id INTEGER, 
	guest_sealed BLOB, 
	CONSTRAINT pk_conference_participant PRIMARY KEY (id), 
	CONSTRAINT ck_conference_participant_somebody CHECK (user_id IS NOT NULL OR guest_sealed IS NOT NULL), 
	CONSTRAINT fk_conference_participant_conference_id_case_conference FOREIGN KEY(conference_id) REFERENCES case_conference (id) ON DELETE RESTRICT, 
	CONSTRAINT fk_conference_participant_user_id_app_user FOREIGN KEY(user_id) REFERENCES app_user (id) ON DELETE RESTRICT, 
	CONSTRAINT uq_conference_participant_uid UNIQUE (uid)
);
CREATE TABLE contact_opening (
	id INTEGER NOT NULL, 
	uid VARCHAR(32) NOT NULL, 
	user_id INTEGER NOT NULL, 
	student_id INTEGER NOT NULL, 
	reason_sealed BLOB, 
	opened_at DATETIME NOT NULL, 
	expires_at DATETIME NOT NULL, 
	CONSTRAINT pk_contact_opening PRIMARY KEY (id), 
	CONSTRAINT ck_contact_opening_ends_after_start CHECK (expires_at > opened_at), 
	CONSTRAINT fk_contact_opening_student_id_student FOREIGN KEY(student_id) REFERENCES student (id) ON DELETE RESTRICT, 
	CONSTRAINT fk_contact_opening_user_id_app_user FOREIGN KEY(user_id) REFERENCES app_user (id) ON DELETE RESTRICT, 
	CONSTRAINT uq_contact_opening_uid UNIQUE (uid)
);
CREATE TABLE draft (
	id INTEGER NOT NULL, 
	uid VARCHAR(32) NOT NULL, 
	user_id INTEGER NOT NULL, 
	form VARCHAR(60) NOT NULL, 
	subject VARCHAR(60) NOT NULL, 
	content_sealed BLOB NOT NULL, 
	saved_at DATETIME NOT NULL, 
	CONSTRAINT pk_draft PRIMARY KEY (id), 
	CONSTRAINT fk_draft_user_id_app_user FOREIGN KEY(user_id) REFERENCES app_user (id) ON DELETE RESTRICT, 
	CONSTRAINT uq_draft_uid UNIQUE (uid), 
	CONSTRAINT uq_draft_user_id_form_subject UNIQUE (user_id, form, subject)
);
INSERT INTO "draft" VALUES(1,'cf0c381e75e14d0d846d14cd5d69102e',1,'referral','new',X'8B68186D7B3CFD4CD71A410FF01563761297327579DDB3A68E8F46162090C3C926AAD40943C066704D10EBBC3E6ACBF10818F0E3BC','2026-11-20 01:41:00.000000');
CREATE TABLE guardian (
	id INTEGER NOT NULL, 
	uid VARCHAR(32) NOT NULL, 
	student_id INTEGER NOT NULL, 
	kind VARCHAR(40) NOT NULL, 
	name VARCHAR(40), 
	relation VARCHAR(20), 
	is_primary BOOLEAN NOT NULL, 
	phone_sealed BLOB, 
	phone_hash VARCHAR(64), 
	second_phone_sealed BLOB, 
	workplace_sealed BLOB, 
	address_sealed BLOB, 
	ended_at DATETIME, 
	version INTEGER NOT NULL, 
	CONSTRAINT pk_guardian PRIMARY KEY (id), 
	CONSTRAINT fk_guardian_student_id_student FOREIGN KEY(student_id) REFERENCES student (id) ON DELETE RESTRICT, 
	CONSTRAINT uq_guardian_uid UNIQUE (uid), 
	CONSTRAINT ck_guardian_guardiankind CHECK (kind IN ('father', 'mother', 'statutory', 'entrusted', 'other'))
);
INSERT INTO "guardian" VALUES(1,'8ca1007c345f4e97959d1d3417b03419',31,'mother','试家长','母亲',1,X'0B6F54DC5C2A718A3F0E6134163B062747F9926DB1798CE09C5BB6B602206AB3EF84B2435A1707','1bf150366d6f9ccb08b4e538184b596ff7da2e081771154bcb3e7b937da26284',NULL,NULL,NULL,NULL,2);
CREATE TABLE import_batch (
	id INTEGER NOT NULL, 
	uid VARCHAR(32) NOT NULL, 
	kind VARCHAR(40) NOT NULL, 
	file_name_sealed BLOB, 
	file_digest VARCHAR(64) NOT NULL, 
	imported_by_id INTEGER, 
	imported_at DATETIME NOT NULL, 
	created_count INTEGER NOT NULL, 
	changed_count INTEGER NOT NULL, 
	unchanged_count INTEGER NOT NULL, 
	rejected_count INTEGER NOT NULL, 
	undone_at DATETIME, 
	undone_by_id INTEGER, 
	CONSTRAINT pk_import_batch PRIMARY KEY (id), 
	CONSTRAINT fk_import_batch_imported_by_id_app_user FOREIGN KEY(imported_by_id) REFERENCES app_user (id) ON DELETE RESTRICT, 
	CONSTRAINT fk_import_batch_undone_by_id_app_user FOREIGN KEY(undone_by_id) REFERENCES app_user (id) ON DELETE RESTRICT, 
	CONSTRAINT uq_import_batch_uid UNIQUE (uid), 
	CONSTRAINT ck_import_batch_importkind CHECK (kind IN ('students'))
);
INSERT INTO "import_batch" VALUES(1,'8fc10d355a2548d588455d7870e66fe5','students',X'C6E35D8FAD1ED989042734230DB2C8073E572B769E8B66CDE827074F5DE5209AEBBEEA4D4119','0-1',1,'2026-11-20 01:41:00.000000',4,0,0,0,NULL,NULL);
INSERT INTO "import_batch" VALUES(2,'511c6a788ee64838ada31e741fe50e17','students',X'C4BE0C351A713970DB9D1C76596C24FC86556FB29EBA9468F88D14CD681C3493798F753A5B57','0-2',1,'2026-11-20 01:41:00.000000',0,1,0,0,NULL,NULL);
INSERT INTO "import_batch" VALUES(3,'ed75f3ff907441eda340b3dddeb2456f','students',X'9BAAC4776605F6C3414F81BE7A8BC441095BA861BE3AC7E933B4DAA56A3E9B1785946E1C6C41','0-3',1,'2026-11-20 01:41:00.000000',0,1,0,0,NULL,NULL);
CREATE TABLE imported_row (
	id INTEGER NOT NULL, 
	uid VARCHAR(32) NOT NULL, 
	batch_id INTEGER NOT NULL, 
	table_name VARCHAR(40) NOT NULL, 
	row_id INTEGER NOT NULL, 
	action VARCHAR(40) NOT NULL, 
	version_after INTEGER, 
	before_sealed BLOB, 
	CONSTRAINT pk_imported_row PRIMARY KEY (id), 
	CONSTRAINT fk_imported_row_batch_id_import_batch FOREIGN KEY(batch_id) REFERENCES import_batch (id) ON DELETE RESTRICT, 
	CONSTRAINT uq_imported_row_uid UNIQUE (uid), 
	CONSTRAINT ck_imported_row_importaction CHECK (action IN ('created', 'changed'))
);
INSERT INTO "imported_row" VALUES(1,'ffc4118c495e4abfadb450af4d418992',1,'student',31,'created',1,NULL);
INSERT INTO "imported_row" VALUES(2,'c57c9ba33ddd4acd85bd618feeec39bf',1,'student',32,'created',1,NULL);
INSERT INTO "imported_row" VALUES(3,'41144575c69f403782149c3b67c654f0',1,'student',33,'created',1,NULL);
INSERT INTO "imported_row" VALUES(4,'0726cf2767b94842a3d97258412343ef',1,'student',34,'created',1,NULL);
INSERT INTO "imported_row" VALUES(5,'0c57ccb94b6e430b9644dc6606deeba6',1,'class_membership',31,'created',NULL,NULL);
INSERT INTO "imported_row" VALUES(6,'9668fe902382494c812b3fd3a5d9e1e1',1,'class_membership',32,'created',NULL,NULL);
INSERT INTO "imported_row" VALUES(7,'616f3368f77e4088bba634ce30158b70',1,'class_membership',33,'created',NULL,NULL);
INSERT INTO "imported_row" VALUES(8,'fa0c478e51b744be9a23c6c1c70cdd57',1,'class_membership',34,'created',NULL,NULL);
INSERT INTO "imported_row" VALUES(9,'1987cebcd0984bc4bacf5bcbdefd59d0',2,'student',31,'changed',2,X'533DA1B2102CBE31A896CBD0B23AF52FA4C7B857053D87BB8CEBE08D4376E759C43B1EE38E6CC3B4E1F732D6E1B99641588E8C94');
INSERT INTO "imported_row" VALUES(10,'f4e9683eb57b41c18f83e9e58ee8f904',2,'guardian',1,'created',1,NULL);
INSERT INTO "imported_row" VALUES(11,'013434b095584af5bcc0129b9fc1a7b6',3,'student',31,'changed',3,X'8886CC6D9D9FAA4DDB103E63939B2E73FABAB05EB88D90C30A56AD036441CAA71DD673B24817DC7AED240B5BF89A0FC322D363DCB4541D40C0971804B6FEEE8603C3AC541034CA9F52B0A4784156EBA1F5C0073C68720F36A81E0197723D689425CA3DE527E2B4653FC1463F6E23D93D262A13EF880A06DAC917BDA4717B758735165906DE20C9D2CD0D41F419A4A0004A952E2F644AE9050B6E');
INSERT INTO "imported_row" VALUES(12,'c30a08e40d6145179f3c5977262ba5c2',3,'guardian',1,'changed',2,X'E7B0435C65CE73C33EB24F308EB8D690A57652D55D9E4380142BD8447C8DDA065BF1383AD788482F75CA7892F9F6283BFDB6865C4111ED58D43F77106D6D11A25E8092075D5B8DEEDE9CB8F0E28883731C0F5C1C9080F4D12F9F4539A7CFA580118FCD43A245CFC6187D894750B93FD18806187655CBA16D1474BC77BE73261FCF38A0E9B5F569E2CB7A931683B7EDAF3DA583E9F14D837949143B8BF1C71808C8BC8435C6FEAF3656B604900B515F57BDF0C83ECA97E40669A584405049EF606A029FDC61E036505FC3D96BE3A43791');
CREATE TABLE login_throttle (
	subject_hash VARCHAR(64) NOT NULL, 
	misses INTEGER NOT NULL, 
	last_miss_at DATETIME NOT NULL, 
	blocked_until DATETIME, 
	CONSTRAINT pk_login_throttle PRIMARY KEY (subject_hash)
);
CREATE TABLE referral (
	id INTEGER NOT NULL, 
	uid VARCHAR(32) NOT NULL, 
	student_id INTEGER, 
	child_label_sealed BLOB, 
	channel VARCHAR(40) NOT NULL, 
	way VARCHAR(40), 
	referred_by_id INTEGER, 
	speaker_sealed BLOB, 
	registered_by_id INTEGER NOT NULL, 
	owner_id INTEGER, 
	noticed_on DATE NOT NULL, 
	received_at DATETIME NOT NULL, 
	recorded_at DATETIME NOT NULL, 
	urgency VARCHAR(40) NOT NULL, 
	parents_informed VARCHAR(40) NOT NULL, 
	is_suspected_abuse BOOLEAN NOT NULL, 
	abuse_marked_at DATETIME, 
	police_told_at DATETIME, 
	authority_told_at DATETIME, 
	facts_sealed BLOB, 
	child_words_sealed BLOB, 
	background_sealed BLOB, 
	tried_sealed BLOB, 
	parts_filled INTEGER NOT NULL, 
	state VARCHAR(40) NOT NULL, 
	answered_at DATETIME, 
	answer_sealed BLOB, 
	feedback_at DATETIME, 
	feedback_sealed BLOB, 
	feedback_read_at DATETIME, 
	merged_into_id INTEGER, 
	closed_at DATETIME, 
	version INTEGER NOT NULL, 
	CONSTRAINT pk_referral PRIMARY KEY (id), 
	CONSTRAINT ck_referral_merged_into CHECK ((state = 'merged') = (merged_into_id IS NOT NULL)), 
	CONSTRAINT ck_referral_abuse_since CHECK (NOT is_suspected_abuse OR abuse_marked_at IS NOT NULL), 
	CONSTRAINT ck_referral_not_into_itself CHECK (merged_into_id IS NULL OR merged_into_id <> id), 
	CONSTRAINT ck_referral_some_child CHECK (student_id IS NOT NULL OR child_label_sealed IS NOT NULL), 
	CONSTRAINT fk_referral_merged_into_id_referral FOREIGN KEY(merged_into_id) REFERENCES referral (id) ON DELETE RESTRICT, 
	CONSTRAINT fk_referral_owner_id_app_user FOREIGN KEY(owner_id) REFERENCES app_user (id) ON DELETE RESTRICT, 
	CONSTRAINT fk_referral_referred_by_id_app_user FOREIGN KEY(referred_by_id) REFERENCES app_user (id) ON DELETE RESTRICT, 
	CONSTRAINT fk_referral_registered_by_id_app_user FOREIGN KEY(registered_by_id) REFERENCES app_user (id) ON DELETE RESTRICT, 
	CONSTRAINT fk_referral_student_id_student FOREIGN KEY(student_id) REFERENCES student (id) ON DELETE RESTRICT, 
	CONSTRAINT uq_referral_uid UNIQUE (uid), 
	CONSTRAINT ck_referral_referralchannel CHECK (channel IN ('self', 'teacher', 'parent', 'screening', 'observation')), 
	CONSTRAINT ck_referral_referralway CHECK (way IN ('phone', 'wechat', 'visit')), 
	CONSTRAINT ck_referral_urgency CHECK (urgency IN ('ordinary', 'urgent', 'danger')), 
	CONSTRAINT ck_referral_parentsinformed CHECK (parents_informed IN ('yes', 'no', 'unclear')), 
	CONSTRAINT ck_referral_referralstate CHECK (state IN ('received', 'in_assessment', 'answered', 'routed', 'declined', 'merged'))
);
INSERT INTO "referral" VALUES(1,'7c7f9cc995c3470c96fc6a3be8067774',17,NULL,'teacher',NULL,3,NULL,3,2,'2026-11-20','2026-11-20 01:36:00.000000','2026-11-20 01:41:00.000000','ordinary','unclear',0,NULL,NULL,NULL,X'FB9A208EF12740A1A7AEAA3D8A969DF870CBAEF597FFDC733AC9863C0AB9F74C3175A3502A3DE96FE3096E6DB57CD9668E2AEF1DF7',NULL,NULL,NULL,2,'in_assessment',NULL,NULL,NULL,NULL,NULL,NULL,NULL,2);
INSERT INTO "referral" VALUES(2,'ef35e5d8893b4d858505c3fb9c278f15',28,NULL,'teacher',NULL,3,NULL,3,2,'2026-11-20','2026-11-20 01:36:00.000000','2026-11-20 01:41:00.000000','ordinary','unclear',0,NULL,NULL,NULL,X'D7B756657261382C78A29B6253195128A76C83AFE86D1D6298590869C32E4624F424F5216FBC489D00E7622FFF07026F31760BDAFE',NULL,NULL,NULL,2,'received',NULL,NULL,NULL,NULL,NULL,NULL,NULL,1);
INSERT INTO "referral" VALUES(3,'3db2d6c4dce4423f8dd5ebe70c0e2a5a',18,NULL,'teacher',NULL,3,NULL,3,2,'2026-11-20','2026-11-20 01:36:00.000000','2026-11-20 01:41:00.000000','ordinary','unclear',0,NULL,NULL,NULL,X'3B3B55302A7AF279C21ABFDB2F66DEA6FF07F0A450413EF763CE860738C4BA55EB6CD837E789EB4A3C24923B08D7B1EB1F816E611D',NULL,NULL,NULL,2,'in_assessment',NULL,NULL,NULL,NULL,NULL,NULL,NULL,2);
INSERT INTO "referral" VALUES(4,'6d7c832dbf8c45d59816d7f32216a0b2',14,NULL,'teacher',NULL,3,NULL,3,2,'2026-11-20','2026-11-20 01:36:00.000000','2026-11-20 01:41:00.000000','ordinary','unclear',0,NULL,NULL,NULL,X'0C5C3F11E47692E65ECD0FC31B368C305AD0F6ADAB5293CB75AE9E447D73BA97882A1F5B374F8EAE0E180A405E162FFE073F87D688',NULL,NULL,NULL,2,'received',NULL,NULL,NULL,NULL,NULL,NULL,NULL,1);
INSERT INTO "referral" VALUES(5,'40ef356b33574b16af888cc36bccfbf0',11,NULL,'teacher',NULL,3,NULL,3,2,'2026-11-20','2026-11-20 01:36:00.000000','2026-11-20 01:41:00.000000','ordinary','unclear',0,NULL,NULL,NULL,X'B808CAE881B4AA32DFE28429080C3C410DCF33D8F5A35CDA6DA7C6DFC9B6F13800EC007BD18C08C2B6A0468323E73754541AAF131E',NULL,NULL,NULL,2,'received',NULL,NULL,NULL,NULL,NULL,NULL,NULL,1);
INSERT INTO "referral" VALUES(6,'ca2e32763b494b359c82e3ea80e27c38',25,NULL,'teacher',NULL,3,NULL,3,2,'2026-11-20','2026-11-20 01:36:00.000000','2026-11-20 01:41:00.000000','ordinary','unclear',0,NULL,NULL,NULL,X'D2A9F00BF7E0DEFF291D698EE1C88F7F1693778996D5C5A9DD4DB8FA4D953966DC1788BEC486939FB6CFC43F6F042E42075C17DD27',NULL,NULL,NULL,2,'in_assessment',NULL,NULL,NULL,NULL,NULL,NULL,NULL,2);
CREATE TABLE referral_move (
	id INTEGER NOT NULL, 
	uid VARCHAR(32) NOT NULL, 
	referral_id INTEGER NOT NULL, 
	from_state VARCHAR(40), 
	to_state VARCHAR(40) NOT NULL, 
	by_id INTEGER NOT NULL, 
	at DATETIME NOT NULL, 
	reason_sealed BLOB, 
	CONSTRAINT pk_referral_move PRIMARY KEY (id), 
	CONSTRAINT fk_referral_move_by_id_app_user FOREIGN KEY(by_id) REFERENCES app_user (id) ON DELETE RESTRICT, 
	CONSTRAINT fk_referral_move_referral_id_referral FOREIGN KEY(referral_id) REFERENCES referral (id) ON DELETE RESTRICT, 
	CONSTRAINT uq_referral_move_uid UNIQUE (uid), 
	CONSTRAINT ck_referral_move_from_state CHECK (from_state IN ('received', 'in_assessment', 'answered', 'routed', 'declined', 'merged')), 
	CONSTRAINT ck_referral_move_referralstate CHECK (to_state IN ('received', 'in_assessment', 'answered', 'routed', 'declined', 'merged'))
);
INSERT INTO "referral_move" VALUES(1,'335db2b8305142bc844f36cad37f0b65',1,NULL,'received',3,'2026-11-20 01:41:00.000000',NULL);
INSERT INTO "referral_move" VALUES(2,'d2510b1aa5fa4953ba869ce80a6d2004',2,NULL,'received',3,'2026-11-20 01:41:00.000000',NULL);
INSERT INTO "referral_move" VALUES(3,'2aed1ed44655437cbd26e6d46e57cafe',3,NULL,'received',3,'2026-11-20 01:41:00.000000',NULL);
INSERT INTO "referral_move" VALUES(4,'84154c7ea1ae43b8a9bd4f9a30b10044',4,NULL,'received',3,'2026-11-20 01:41:00.000000',NULL);
INSERT INTO "referral_move" VALUES(5,'d2e70170ff7b4de8a3c81cd35686d198',5,NULL,'received',3,'2026-11-20 01:41:00.000000',NULL);
INSERT INTO "referral_move" VALUES(6,'06d340a1feeb43a387702bda542c3bdc',6,NULL,'received',3,'2026-11-20 01:41:00.000000',NULL);
INSERT INTO "referral_move" VALUES(7,'df1270aa030644f09816f504e6f8082f',3,'received','in_assessment',2,'2026-11-20 01:41:00.000000',NULL);
INSERT INTO "referral_move" VALUES(8,'9114dd61d0274ab190b52a3f1ae58db5',1,'received','in_assessment',2,'2026-11-20 01:41:00.000000',NULL);
INSERT INTO "referral_move" VALUES(9,'d1be762dac2b473ba817b0cabe3fd5be',6,'received','in_assessment',2,'2026-11-20 01:41:00.000000',NULL);
CREATE TABLE role_grant (
	id INTEGER NOT NULL, 
	user_id INTEGER NOT NULL, 
	role VARCHAR(40) NOT NULL, 
	granted_at DATETIME NOT NULL, 
	ended_at DATETIME, 
	CONSTRAINT pk_role_grant PRIMARY KEY (id), 
	CONSTRAINT fk_role_grant_user_id_app_user FOREIGN KEY(user_id) REFERENCES app_user (id) ON DELETE RESTRICT, 
	CONSTRAINT ck_role_grant_role CHECK (role IN ('lead', 'counsellor', 'homeroom', 'subject_teacher', 'mentor', 'leadership', 'finance', 'supervisor', 'admin'))
);
INSERT INTO "role_grant" VALUES(1,1,'lead','2026-11-20 01:41:00.000000',NULL);
INSERT INTO "role_grant" VALUES(2,2,'counsellor','2026-11-20 01:41:00.000000',NULL);
INSERT INTO "role_grant" VALUES(3,3,'homeroom','2026-11-20 01:41:00.000000',NULL);
INSERT INTO "role_grant" VALUES(4,4,'mentor','2026-11-20 01:41:00.000000',NULL);
CREATE TABLE school_class (
	id INTEGER NOT NULL, 
	school_year INTEGER NOT NULL, 
	grade INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	CONSTRAINT pk_school_class PRIMARY KEY (id), 
	CONSTRAINT ck_school_class_grade CHECK (grade BETWEEN 1 AND 12), 
	CONSTRAINT ck_school_class_number CHECK (number BETWEEN 1 AND 60), 
	CONSTRAINT uq_school_class_school_year_grade_number UNIQUE (school_year, grade, number)
);
INSERT INTO "school_class" VALUES(1,2026,7,3);
CREATE TABLE school_day_exception (
	day DATE NOT NULL, 
	is_school_day BOOLEAN NOT NULL, 
	label VARCHAR(40) NOT NULL, 
	CONSTRAINT pk_school_day_exception PRIMARY KEY (day)
);
CREATE TABLE setting (
	name VARCHAR(60) NOT NULL, 
	value VARCHAR NOT NULL, 
	version INTEGER NOT NULL, 
	CONSTRAINT pk_setting PRIMARY KEY (name)
);
CREATE TABLE sign_in_session (
	id INTEGER NOT NULL, 
	token_hash VARCHAR(64) NOT NULL, 
	user_id INTEGER NOT NULL, 
	started_at DATETIME NOT NULL, 
	last_seen_at DATETIME NOT NULL, 
	expires_at DATETIME NOT NULL, 
	hidden_at DATETIME, 
	ended_at DATETIME, 
	CONSTRAINT pk_sign_in_session PRIMARY KEY (id), 
	CONSTRAINT fk_sign_in_session_user_id_app_user FOREIGN KEY(user_id) REFERENCES app_user (id) ON DELETE RESTRICT, 
	CONSTRAINT uq_sign_in_session_token_hash UNIQUE (token_hash)
);
CREATE TABLE student (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	uid VARCHAR(32) NOT NULL, 
	student_no VARCHAR(40), 
	name VARCHAR(40) NOT NULL, 
	name_initials VARCHAR(40) NOT NULL, 
	name_pinyin VARCHAR(120) NOT NULL, 
	gender VARCHAR(40) NOT NULL, 
	birth_day DATE NOT NULL, 
	id_number_sealed BLOB, 
	id_number_hash VARCHAR(64), 
	ethnicity VARCHAR(20), 
	is_boarding BOOLEAN, 
	address_sealed BLOB, 
	residence_sealed BLOB, 
	state VARCHAR(40) NOT NULL, 
	entered_on DATE, 
	left_on DATE, 
	note_sealed BLOB, 
	extra_sealed BLOB, 
	recorded_at DATETIME NOT NULL, 
	version INTEGER NOT NULL, 
	CONSTRAINT uq_student_id_number_hash UNIQUE (id_number_hash), 
	CONSTRAINT uq_student_student_no UNIQUE (student_no), 
	CONSTRAINT uq_student_uid UNIQUE (uid), 
	CONSTRAINT ck_student_gender CHECK (gender IN ('male', 'female')), 
	CONSTRAINT ck_student_enrolmentstate CHECK (state IN ('enrolled', 'on_leave', 'transferred', 'graduated', 'dropped_out'))
);
INSERT INTO "student" VALUES(1,'5c6d16f3079b40a499b1f7a5db242b69','L00000','试学生0','sxs','shixuesheng','male','2013-01-01',NULL,NULL,NULL,NULL,NULL,NULL,'enrolled',NULL,NULL,NULL,NULL,'2026-11-20 01:41:00.000000',1);
INSERT INTO "student" VALUES(2,'168afeab672c4b74be2df4303b145db0','L00001','试学生1','sxs','shixuesheng','male','2013-01-02',NULL,NULL,NULL,NULL,NULL,NULL,'enrolled',NULL,NULL,NULL,NULL,'2026-11-20 01:41:00.000000',1);
INSERT INTO "student" VALUES(3,'86d38737e7aa4844882a17afaf031af2','L00002','试学生2','sxs','shixuesheng','male','2013-01-03',NULL,NULL,NULL,NULL,NULL,NULL,'enrolled',NULL,NULL,NULL,NULL,'2026-11-20 01:41:00.000000',1);
INSERT INTO "student" VALUES(4,'c7870079c5374d988f7ea2eb093cab33','L00003','试学生3','sxs','shixuesheng','male','2013-01-04',NULL,NULL,NULL,NULL,NULL,NULL,'enrolled',NULL,NULL,NULL,NULL,'2026-11-20 01:41:00.000000',1);
INSERT INTO "student" VALUES(5,'956fb59f2c3f4b1c9192f6f47bbfe9ef','L00004','试学生4','sxs','shixuesheng','male','2013-01-05',NULL,NULL,NULL,NULL,NULL,NULL,'enrolled',NULL,NULL,NULL,NULL,'2026-11-20 01:41:00.000000',1);
INSERT INTO "student" VALUES(6,'7902b166604045659a58806691a784d1','L00005','试学生5','sxs','shixuesheng','male','2013-01-06',NULL,NULL,NULL,NULL,NULL,NULL,'enrolled',NULL,NULL,NULL,NULL,'2026-11-20 01:41:00.000000',1);
INSERT INTO "student" VALUES(7,'bb75a9dc6f1d42c090795679643fc08b','L00006','试学生6','sxs','shixuesheng','male','2013-01-07',NULL,NULL,NULL,NULL,NULL,NULL,'enrolled',NULL,NULL,NULL,NULL,'2026-11-20 01:41:00.000000',1);
INSERT INTO "student" VALUES(8,'5e01d2ab6ce24cfda6a4a482ea4997c5','L00007','试学生7','sxs','shixuesheng','male','2013-01-08',NULL,NULL,NULL,NULL,NULL,NULL,'enrolled',NULL,NULL,NULL,NULL,'2026-11-20 01:41:00.000000',1);
INSERT INTO "student" VALUES(9,'83c971c12018433591080659fcae0de8','L00008','试学生8','sxs','shixuesheng','male','2013-01-09',NULL,NULL,NULL,NULL,NULL,NULL,'enrolled',NULL,NULL,NULL,NULL,'2026-11-20 01:41:00.000000',1);
INSERT INTO "student" VALUES(10,'8035d1b39c97411cb87b8c7925c14375','L00009','试学生9','sxs','shixuesheng','male','2013-01-10',NULL,NULL,NULL,NULL,NULL,NULL,'enrolled',NULL,NULL,NULL,NULL,'2026-11-20 01:41:00.000000',1);
INSERT INTO "student" VALUES(11,'d91863be503645e39040e181c0d3f5fd','L00010','试学生10','sxs','shixuesheng','male','2013-01-11',NULL,NULL,NULL,NULL,NULL,NULL,'enrolled',NULL,NULL,NULL,NULL,'2026-11-20 01:41:00.000000',1);
INSERT INTO "student" VALUES(12,'3ecd30aedcbf404aa5590df77acbfba3','L00011','试学生11','sxs','shixuesheng','male','2013-01-12',NULL,NULL,NULL,NULL,NULL,NULL,'enrolled',NULL,NULL,NULL,NULL,'2026-11-20 01:41:00.000000',1);
INSERT INTO "student" VALUES(13,'e735b493a5534703ac6df2554c03de8e','L00012','试学生12','sxs','shixuesheng','male','2013-01-13',NULL,NULL,NULL,NULL,NULL,NULL,'enrolled',NULL,NULL,NULL,NULL,'2026-11-20 01:41:00.000000',1);
INSERT INTO "student" VALUES(14,'dbb1b3d9ac9d4445a0294cc1ab54413b','L00013','试学生13','sxs','shixuesheng','male','2013-01-14',NULL,NULL,NULL,NULL,NULL,NULL,'enrolled',NULL,NULL,NULL,NULL,'2026-11-20 01:41:00.000000',1);
INSERT INTO "student" VALUES(15,'ce2646fd9c324175a0d8fcb1ef76d1d5','L00014','试学生14','sxs','shixuesheng','male','2013-01-15',NULL,NULL,NULL,NULL,NULL,NULL,'enrolled',NULL,NULL,NULL,NULL,'2026-11-20 01:41:00.000000',1);
INSERT INTO "student" VALUES(16,'5d5a4eb612414de8b1c0af7e8efc1f9e','L00015','试学生15','sxs','shixuesheng','male','2013-01-16',NULL,NULL,NULL,NULL,NULL,NULL,'enrolled',NULL,NULL,NULL,NULL,'2026-11-20 01:41:00.000000',1);
INSERT INTO "student" VALUES(17,'3dee8204288a4d9a8184649befbccdf5','L00016','试学生16','sxs','shixuesheng','male','2013-01-17',NULL,NULL,NULL,NULL,NULL,NULL,'enrolled',NULL,NULL,NULL,NULL,'2026-11-20 01:41:00.000000',1);
INSERT INTO "student" VALUES(18,'e0b6fd6ae6494d22a73555b45069a7d6','L00017','试学生17','sxs','shixuesheng','male','2013-01-18',NULL,NULL,NULL,NULL,NULL,NULL,'enrolled',NULL,NULL,NULL,NULL,'2026-11-20 01:41:00.000000',1);
INSERT INTO "student" VALUES(19,'0d15ac4943424992b1f2230e3e14b215','L00018','试学生18','sxs','shixuesheng','male','2013-01-19',NULL,NULL,NULL,NULL,NULL,NULL,'enrolled',NULL,NULL,NULL,NULL,'2026-11-20 01:41:00.000000',1);
INSERT INTO "student" VALUES(20,'dbc232cb902a48eeaaf6ca32ca916dd7','L00019','试学生19','sxs','shixuesheng','male','2013-01-20',NULL,NULL,NULL,NULL,NULL,NULL,'enrolled',NULL,NULL,NULL,NULL,'2026-11-20 01:41:00.000000',1);
INSERT INTO "student" VALUES(21,'e8851ae4ae1b44d7a58049b846c8c304','L00020','试学生20','sxs','shixuesheng','male','2013-01-21',NULL,NULL,NULL,NULL,NULL,NULL,'enrolled',NULL,NULL,NULL,NULL,'2026-11-20 01:41:00.000000',1);
INSERT INTO "student" VALUES(22,'387d7ae780c54ea093aeb76a8f241ffe','L00021','试学生21','sxs','shixuesheng','male','2013-01-22',NULL,NULL,NULL,NULL,NULL,NULL,'enrolled',NULL,NULL,NULL,NULL,'2026-11-20 01:41:00.000000',1);
INSERT INTO "student" VALUES(23,'bd3e10b4797c49c6a6da184ccad000c4','L00022','试学生22','sxs','shixuesheng','male','2013-01-23',NULL,NULL,NULL,NULL,NULL,NULL,'enrolled',NULL,NULL,NULL,NULL,'2026-11-20 01:41:00.000000',1);
INSERT INTO "student" VALUES(24,'a9b0390af51948388037c6630d2e1376','L00023','试学生23','sxs','shixuesheng','male','2013-01-24',NULL,NULL,NULL,NULL,NULL,NULL,'enrolled',NULL,NULL,NULL,NULL,'2026-11-20 01:41:00.000000',1);
INSERT INTO "student" VALUES(25,'1f00827a314649219c749fccadbafffc','L00024','试学生24','sxs','shixuesheng','male','2013-01-25',NULL,NULL,NULL,NULL,NULL,NULL,'enrolled',NULL,NULL,NULL,NULL,'2026-11-20 01:41:00.000000',1);
INSERT INTO "student" VALUES(26,'41816581abcd4d7fa9204f41c626e8c8','L00025','试学生25','sxs','shixuesheng','male','2013-01-26',NULL,NULL,NULL,NULL,NULL,NULL,'enrolled',NULL,NULL,NULL,NULL,'2026-11-20 01:41:00.000000',1);
INSERT INTO "student" VALUES(27,'960082f478404f4b83b6a4e67e971dc4','L00026','试学生26','sxs','shixuesheng','male','2013-01-27',NULL,NULL,NULL,NULL,NULL,NULL,'enrolled',NULL,NULL,NULL,NULL,'2026-11-20 01:41:00.000000',1);
INSERT INTO "student" VALUES(28,'ba9c95f659a2445bbf0e774697e41a0a','L00027','试学生27','sxs','shixuesheng','male','2013-01-28',NULL,NULL,NULL,NULL,NULL,NULL,'enrolled',NULL,NULL,NULL,NULL,'2026-11-20 01:41:00.000000',1);
INSERT INTO "student" VALUES(29,'5fb9ff920216430db97368a6579323ed','L00028','试学生28','sxs','shixuesheng','male','2013-01-29',NULL,NULL,NULL,NULL,NULL,NULL,'enrolled',NULL,NULL,NULL,NULL,'2026-11-20 01:41:00.000000',1);
INSERT INTO "student" VALUES(30,'d8e94e433c564022a9427ab864a44e7a','L00029','试学生29','sxs','shixuesheng','male','2013-01-30',NULL,NULL,NULL,NULL,NULL,NULL,'enrolled',NULL,NULL,NULL,NULL,'2026-11-20 01:41:00.000000',1);
INSERT INTO "student" VALUES(31,'168c02ba20224288891591be3e7e204a','W0-1-0','试甲','sj','shijia','female','2013-05-20',NULL,NULL,NULL,NULL,X'9D5E9BE64C294BB6C045DFB5F35E79FAC7CF7BF3ABBBD5C5F16E040690733AA0E2C68C2C372E93BA05905C78B5ACAE60C81FCE8A',NULL,'enrolled',NULL,NULL,NULL,NULL,'2026-11-20 01:41:00.000000',3);
INSERT INTO "student" VALUES(32,'1e84e34d7a4843b0903acaa52eace4fe','W0-1-1','试乙','sy','shiyi','female','2013-05-21',NULL,NULL,NULL,NULL,NULL,NULL,'enrolled',NULL,NULL,NULL,NULL,'2026-11-20 01:41:00.000000',1);
INSERT INTO "student" VALUES(33,'0aad28841d74442faaf72a24ff935b89','W0-1-2','试丙','sb','shibing','female','2013-05-22',NULL,NULL,NULL,NULL,NULL,NULL,'enrolled',NULL,NULL,NULL,NULL,'2026-11-20 01:41:00.000000',1);
INSERT INTO "student" VALUES(34,'d3446ea00b5d4a979ef7ce1b6a65acc7','W0-1-3','试丁','sd','shiding','female','2013-05-23',NULL,NULL,NULL,NULL,NULL,NULL,'enrolled',NULL,NULL,NULL,NULL,'2026-11-20 01:41:00.000000',1);
CREATE TABLE student_category (
	id INTEGER NOT NULL, 
	uid VARCHAR(32) NOT NULL, 
	student_id INTEGER NOT NULL, 
	kind VARCHAR(40) NOT NULL, 
	subkind VARCHAR(40), 
	level INTEGER, 
	evidence_sealed BLOB, 
	from_day DATE NOT NULL, 
	to_day DATE, 
	recorded_at DATETIME NOT NULL, 
	version INTEGER NOT NULL, 
	CONSTRAINT pk_student_category PRIMARY KEY (id), 
	CONSTRAINT ck_student_category_level CHECK (level IS NULL OR level BETWEEN 1 AND 3), 
	CONSTRAINT ck_student_category_ends_after_start CHECK (to_day IS NULL OR to_day >= from_day), 
	CONSTRAINT fk_student_category_student_id_student FOREIGN KEY(student_id) REFERENCES student (id) ON DELETE RESTRICT, 
	CONSTRAINT uq_student_category_uid UNIQUE (uid), 
	CONSTRAINT ck_student_category_categorykind CHECK (kind IN ('left_behind', 'in_difficulty', 'special_family', 'special_physique', 'special_psychology', 'special_conduct'))
);
CREATE TABLE system_fact (
	name VARCHAR(60) NOT NULL, 
	value VARCHAR NOT NULL, 
	CONSTRAINT pk_system_fact PRIMARY KEY (name)
);
INSERT INTO "system_fact" VALUES('key_fingerprint','6829beeb8b8841298ef1dfb6bcd7e91a8b96b0535cf3640368c8a446eded73d2');
CREATE TABLE term (
	id INTEGER NOT NULL, 
	school_year INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	first_day DATE NOT NULL, 
	last_day DATE NOT NULL, 
	version INTEGER NOT NULL, 
	CONSTRAINT pk_term PRIMARY KEY (id), 
	CONSTRAINT ck_term_ends_after_start CHECK (last_day > first_day), 
	CONSTRAINT ck_term_number CHECK (number IN (1, 2)), 
	CONSTRAINT uq_term_school_year_number UNIQUE (school_year, number)
);
INSERT INTO "term" VALUES(1,2026,1,'2026-09-01','2027-01-22',1);
CREATE INDEX ix_student_name ON student (name);
CREATE INDEX ix_student_name_initials ON student (name_initials);
CREATE INDEX ix_student_name_pinyin ON student (name_pinyin);
CREATE INDEX ix_audit_event_action ON audit_event (action);
CREATE INDEX ix_audit_event_actor_id ON audit_event (actor_id);
CREATE INDEX ix_audit_event_student_id ON audit_event (student_id);
CREATE INDEX ix_class_membership_class_id ON class_membership (class_id);
CREATE INDEX ix_class_membership_student_id ON class_membership (student_id);
CREATE INDEX ix_class_teacher_class_id ON class_teacher (class_id);
CREATE INDEX ix_class_teacher_user_id ON class_teacher (user_id);
CREATE INDEX ix_contact_opening_student_id ON contact_opening (student_id);
CREATE INDEX ix_contact_opening_user_student ON contact_opening (user_id, student_id);
CREATE INDEX ix_guardian_phone_hash ON guardian (phone_hash);
CREATE INDEX ix_guardian_student_id ON guardian (student_id);
CREATE INDEX ix_referral_owner_state ON referral (owner_id, state);
CREATE INDEX ix_referral_referred_by_id ON referral (referred_by_id);
CREATE INDEX ix_referral_registered_by_id ON referral (registered_by_id);
CREATE INDEX ix_referral_student_id ON referral (student_id);
CREATE INDEX ix_sign_in_session_user_id ON sign_in_session (user_id);
CREATE INDEX ix_student_category_student_id ON student_category (student_id);
CREATE INDEX ix_assessment_student_id ON assessment (student_id);
CREATE INDEX ix_care_case_owner_id ON care_case (owner_id);
CREATE INDEX ix_care_case_student_id ON care_case (student_id);
CREATE INDEX ix_imported_row_batch_id ON imported_row (batch_id);
CREATE INDEX ix_referral_move_referral_id ON referral_move (referral_id);
CREATE INDEX ix_case_conference_case_id ON case_conference (case_id);
CREATE INDEX ix_conference_participant_conference_id ON conference_participant (conference_id);
CREATE UNIQUE INDEX uq_class_membership_open ON class_membership (student_id) WHERE to_day IS NULL;
CREATE UNIQUE INDEX uq_class_teacher_homeroom ON class_teacher (class_id) WHERE kind = 'homeroom' AND to_day IS NULL;
CREATE UNIQUE INDEX uq_role_grant_open ON role_grant (user_id, role) WHERE ended_at IS NULL;
CREATE UNIQUE INDEX uq_student_category_open ON student_category (student_id, kind) WHERE to_day IS NULL;
CREATE UNIQUE INDEX uq_conference_participant_user ON conference_participant (conference_id, user_id) WHERE user_id IS NOT NULL;
CREATE TRIGGER audit_event_no_update BEFORE UPDATE ON audit_event BEGIN SELECT RAISE(ABORT, 'audit_event is append-only'); END;
CREATE TRIGGER audit_event_no_delete BEFORE DELETE ON audit_event BEGIN SELECT RAISE(ABORT, 'audit_event is append-only'); END;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('student',34);
COMMIT;
