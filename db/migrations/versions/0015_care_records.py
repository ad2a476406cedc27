"""Work records: one row for every contact, its words beside it, and how it stood before it was amended."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('care_record',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('entry_uid', sa.String(length=32), nullable=False),
    sa.Column('student_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.Enum('talk', 'short_talk', 'counselling', 'home_visit', 'call', 'family_video', 'family_call', 'guardian_notice', 'homework_check', 'tutoring', 'homeroom_exchange', 'group_activity', 'written_message', 'aid', 'aid_application', name='carekind', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('start_time', sa.Time(), nullable=True),
    sa.Column('minutes', sa.Integer(), nullable=True),
    sa.Column('place', sa.Enum('care_room', 'counselling_room', 'classroom', 'office', 'campus', 'dormitory', 'home', 'remote', 'elsewhere', name='careplace', native_enum=False, create_constraint=True, length=40), nullable=True),
    sa.Column('channel', sa.Enum('face', 'phone', 'video', 'written', name='carechannel', native_enum=False, create_constraint=True, length=40), nullable=True),
    sa.Column('is_done', sa.Boolean(), nullable=False),
    sa.Column('not_reached', sa.Enum('no_answer', 'not_there', 'declined', 'wrong_contact', 'no_time', 'other', name='notreached', native_enum=False, create_constraint=True, length=40), nullable=True),
    sa.Column('group_size', sa.Integer(), nullable=False),
    sa.Column('parts_filled', sa.Integer(), nullable=False),
    sa.Column('author_id', sa.Integer(), nullable=True),
    sa.Column('agreed_with_id', sa.Integer(), nullable=True),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('withdrawn_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint('(is_done AND not_reached IS NULL) OR (NOT is_done AND not_reached IS NOT NULL)', name=op.f('ck_care_record_done_or_why')),
    sa.CheckConstraint('group_size > 0', name=op.f('ck_care_record_somebody')),
    sa.CheckConstraint('minutes IS NULL OR (minutes > 0 AND minutes <= 720)', name=op.f('ck_care_record_some_minutes')),
    sa.ForeignKeyConstraint(['agreed_with_id'], ['app_user.id'], name=op.f('fk_care_record_agreed_with_id_app_user'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['author_id'], ['app_user.id'], name=op.f('fk_care_record_author_id_app_user'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['student_id'], ['student.id'], name=op.f('fk_care_record_student_id_student'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_care_record')),
    sa.UniqueConstraint('entry_uid', 'student_id', name=op.f('uq_care_record_entry_uid_student_id'))
    )
    op.create_index('ix_care_record_author', 'care_record', ['author_id', 'recorded_at'], unique=False)
    op.create_index('ix_care_record_child', 'care_record', ['student_id', 'day', 'kind', 'is_done', 'withdrawn_at', 'author_id'], unique=False)
    op.create_table('care_record_version',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('uid', sa.String(length=32), nullable=False),
    sa.Column('record_id', sa.Integer(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('content_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('reason_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_by_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['ended_by_id'], ['app_user.id'], name=op.f('fk_care_record_version_ended_by_id_app_user'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['record_id'], ['care_record.id'], name=op.f('fk_care_record_version_record_id_care_record'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_care_record_version')),
    sa.UniqueConstraint('record_id', 'number', name=op.f('uq_care_record_version_record_id_number')),
    sa.UniqueConstraint('uid', name=op.f('uq_care_record_version_uid'))
    )
    op.create_table('care_record_words',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('uid', sa.String(length=32), nullable=False),
    sa.Column('record_id', sa.Integer(), nullable=False),
    sa.Column('raised_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('measures_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('effect_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('next_step_sealed', sa.LargeBinary(), nullable=True),
    sa.ForeignKeyConstraint(['record_id'], ['care_record.id'], name=op.f('fk_care_record_words_record_id_care_record'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_care_record_words')),
    sa.UniqueConstraint('record_id', name=op.f('uq_care_record_words_record_id')),
    sa.UniqueConstraint('uid', name=op.f('uq_care_record_words_uid'))
    )


def downgrade() -> None:
    op.drop_table('care_record_words')
    op.drop_table('care_record_version')
    op.drop_index('ix_care_record_child', table_name='care_record')
    op.drop_index('ix_care_record_author', table_name='care_record')
    op.drop_table('care_record')
