"""Pairing: helpers, pairs and what a guardian angel is paid; who did what is written down for them in a record."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026b"
branch_labels = None
depends_on = None

KINDS = (
    "talk", "short_talk", "counselling", "home_visit", "call", "family_video", "family_call", "guardian_notice",
    "homework_check", "tutoring", "homeroom_exchange", "group_activity", "written_message", "aid", "aid_application",
)  # fmt: skip
NEW = ("pair_check", "sick_care")
BY_HELPER = sa.text("helper_id IS NOT NULL")


def upgrade() -> None:
    op.create_table('helper',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('uid', sa.String(length=32), nullable=False),
    sa.Column('kind', sa.Enum('staff', 'volunteer', 'party_cadre', 'parent', 'pupil', name='helperkind', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=True),
    sa.Column('name', sa.String(length=40), nullable=True),
    sa.Column('name_order', sa.String(length=360).with_variant(sa.String(length=360, collation='C'), 'postgresql'), server_default='', nullable=False),
    sa.Column('gender', sa.Enum('male', 'female', name='gender', native_enum=False, create_constraint=True, length=40), nullable=True),
    sa.Column('phone_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('subjects', sa.String(length=120), nullable=False),
    sa.Column('capacity', sa.Integer(), nullable=False),
    sa.Column('from_day', sa.Date(), nullable=False),
    sa.Column('to_day', sa.Date(), nullable=True),
    sa.Column('vetted_on', sa.Date(), nullable=True),
    sa.Column('vetted_by_id', sa.Integer(), nullable=True),
    sa.Column('trained_until', sa.Date(), nullable=True),
    sa.Column('pledged_on', sa.Date(), nullable=True),
    sa.Column('note_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('import_id', sa.Integer(), nullable=True),
    sa.Column('recorded_by_id', sa.Integer(), nullable=True),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint("(kind = 'staff') = (user_id IS NOT NULL)", name=op.f('ck_helper_staff_has_account')),
    sa.CheckConstraint('(user_id IS NULL) <> (name IS NULL)', name=op.f('ck_helper_account_or_name')),
    sa.CheckConstraint('capacity BETWEEN 0 AND 60', name=op.f('ck_helper_capacity')),
    sa.CheckConstraint('to_day IS NULL OR to_day >= from_day', name=op.f('ck_helper_ends_after_start')),
    sa.ForeignKeyConstraint(['import_id'], ['import_batch.id'], name=op.f('fk_helper_import_id_import_batch'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['recorded_by_id'], ['app_user.id'], name=op.f('fk_helper_recorded_by_id_app_user'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['user_id'], ['app_user.id'], name=op.f('fk_helper_user_id_app_user'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['vetted_by_id'], ['app_user.id'], name=op.f('fk_helper_vetted_by_id_app_user'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_helper')),
    sa.UniqueConstraint('uid', name=op.f('uq_helper_uid')),
    sa.UniqueConstraint('user_id', name=op.f('uq_helper_user_id'))
    )
    op.create_table('pairing',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('uid', sa.String(length=32), nullable=False),
    sa.Column('student_id', sa.Integer(), nullable=False),
    sa.Column('helper_id', sa.Integer(), nullable=False),
    sa.Column('role', sa.Enum('mentor', 'proxy_parent', 'love_mother', 'guardian_angel', 'party_cadre', 'volunteer', 'excellent_student', 'buddy', 'peer_parent', name='pairingrole', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('from_day', sa.Date(), nullable=False),
    sa.Column('to_day', sa.Date(), nullable=True),
    sa.Column('end_reason', sa.Enum('done', 'child_left', 'helper_left', 'changed', 'not_fitting', 'mistake', name='pairingend', native_enum=False, create_constraint=True, length=40), nullable=True),
    sa.Column('end_words_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('content_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('continues_id', sa.Integer(), nullable=True),
    sa.Column('import_id', sa.Integer(), nullable=True),
    sa.Column('recorded_by_id', sa.Integer(), nullable=True),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_by_id', sa.Integer(), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint('(to_day IS NULL) OR (end_reason IS NOT NULL)', name=op.f('ck_pairing_ends_with_reason')),
    sa.CheckConstraint('to_day IS NULL OR to_day >= from_day', name=op.f('ck_pairing_ends_after_start')),
    sa.ForeignKeyConstraint(['continues_id'], ['pairing.id'], name=op.f('fk_pairing_continues_id_pairing'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['ended_by_id'], ['app_user.id'], name=op.f('fk_pairing_ended_by_id_app_user'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['helper_id'], ['helper.id'], name=op.f('fk_pairing_helper_id_helper'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['import_id'], ['import_batch.id'], name=op.f('fk_pairing_import_id_import_batch'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['recorded_by_id'], ['app_user.id'], name=op.f('fk_pairing_recorded_by_id_app_user'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['student_id'], ['student.id'], name=op.f('fk_pairing_student_id_student'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_pairing')),
    sa.UniqueConstraint('uid', name=op.f('uq_pairing_uid'))
    )
    op.create_index('ix_pairing_child', 'pairing', ['student_id', 'role', 'from_day', 'to_day', 'helper_id'], unique=False)
    op.create_index('ix_pairing_helper', 'pairing', ['helper_id', 'to_day', 'student_id'], unique=False)
    op.create_index('ix_pairing_import_id', 'pairing', ['import_id'], unique=False, sqlite_where=sa.text('import_id IS NOT NULL'), postgresql_where=sa.text('import_id IS NOT NULL'))
    op.create_index('uq_pairing_one_of_kind', 'pairing', ['student_id', 'role'], unique=True, sqlite_where=sa.text("to_day IS NULL AND role NOT IN ('buddy', 'volunteer', 'peer_parent')"), postgresql_where=sa.text("to_day IS NULL AND role NOT IN ('buddy', 'volunteer', 'peer_parent')"))
    op.create_index('uq_pairing_same_helper', 'pairing', ['student_id', 'helper_id', 'role'], unique=True, sqlite_where=sa.text('to_day IS NULL'), postgresql_where=sa.text('to_day IS NULL'))
    op.create_table('pairing_subsidy',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('uid', sa.String(length=32), nullable=False),
    sa.Column('pairing_id', sa.Integer(), nullable=False),
    sa.Column('term_id', sa.Integer(), nullable=False),
    sa.Column('amount_fen', sa.Integer(), nullable=False),
    sa.Column('paid_on', sa.Date(), nullable=True),
    sa.Column('note_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('recorded_by_id', sa.Integer(), nullable=True),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint('amount_fen > 0', name=op.f('ck_pairing_subsidy_amount')),
    sa.ForeignKeyConstraint(['pairing_id'], ['pairing.id'], name=op.f('fk_pairing_subsidy_pairing_id_pairing'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['recorded_by_id'], ['app_user.id'], name=op.f('fk_pairing_subsidy_recorded_by_id_app_user'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['term_id'], ['term.id'], name=op.f('fk_pairing_subsidy_term_id_term'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_pairing_subsidy')),
    sa.UniqueConstraint('pairing_id', 'term_id', name=op.f('uq_pairing_subsidy_pairing_id_term_id')),
    sa.UniqueConstraint('uid', name=op.f('uq_pairing_subsidy_uid'))
    )
    op.create_index(op.f('ix_pairing_subsidy_term_id'), 'pairing_subsidy', ['term_id'], unique=False)
    _set_kinds(*KINDS, *NEW)
    # Rebuilt on SQLite: of a reference written into the column it can't be told what a deletion does.
    with op.batch_alter_table("care_record") as batch:
        batch.add_column(sa.Column("helper_id", sa.Integer(), nullable=True))
        batch.create_foreign_key(
            op.f("fk_care_record_helper_id_helper"), "helper", ["helper_id"], ["id"], ondelete="RESTRICT"
        )
    op.create_index(
        "ix_care_record_helper_id", "care_record", ["helper_id"], sqlite_where=BY_HELPER, postgresql_where=BY_HELPER
    )


def downgrade() -> None:
    op.drop_index("ix_care_record_helper_id", table_name="care_record")
    with op.batch_alter_table("care_record") as batch:
        batch.drop_constraint(op.f("fk_care_record_helper_id_helper"), type_="foreignkey")
        batch.drop_column("helper_id")
    _set_kinds(*KINDS)
    for table in ("pairing_subsidy", "pairing", "helper"):
        op.drop_table(table)


def _set_kinds(*values: str) -> None:
    # On a server the column keeps its old check unless it is dropped first; a rewritten table has none but the new.
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint(op.f("ck_care_record_carekind"), "care_record", type_="check")
    kinds = sa.Enum(*values, name="carekind", native_enum=False, create_constraint=True, length=40)
    with op.batch_alter_table("care_record") as batch:
        batch.alter_column("kind", type_=kinds, existing_nullable=False)
