"""Support plans with their versions, goals and measures; at which stage a case is follows from its records."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('support_plan',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('uid', sa.String(length=32), nullable=False),
    sa.Column('student_id', sa.Integer(), nullable=False),
    sa.Column('case_id', sa.Integer(), nullable=True),
    sa.Column('kind', sa.Enum('case', 'care', 'conduct', name='plankind', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('owner_id', sa.Integer(), nullable=False),
    sa.Column('begun_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint("(case_id IS NOT NULL) = (kind = 'case')", name=op.f('ck_support_plan_kind_of_case')),
    sa.ForeignKeyConstraint(['case_id'], ['care_case.id'], name=op.f('fk_support_plan_case_id_care_case'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['owner_id'], ['app_user.id'], name=op.f('fk_support_plan_owner_id_app_user'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['student_id'], ['student.id'], name=op.f('fk_support_plan_student_id_student'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_support_plan')),
    sa.UniqueConstraint('case_id', name=op.f('uq_support_plan_case_id')),
    sa.UniqueConstraint('uid', name=op.f('uq_support_plan_uid'))
    )
    op.create_index(op.f('ix_support_plan_owner_id'), 'support_plan', ['owner_id'], unique=False)
    op.create_index(op.f('ix_support_plan_student_id'), 'support_plan', ['student_id'], unique=False)

    op.create_table('plan_goal',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('uid', sa.String(length=32), nullable=False),
    sa.Column('plan_id', sa.Integer(), nullable=False),
    sa.Column('place', sa.Integer(), nullable=False),
    sa.Column('text_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('sign_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('state', sa.Enum('open', 'partly', 'reached', 'missed', name='goalstate', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('judged_on', sa.Date(), nullable=True),
    sa.Column('judged_by_id', sa.Integer(), nullable=True),
    sa.Column('note_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('left_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint("(state = 'open') = (judged_on IS NULL)", name=op.f('ck_plan_goal_judged_on_a_day')),
    sa.ForeignKeyConstraint(['judged_by_id'], ['app_user.id'], name=op.f('fk_plan_goal_judged_by_id_app_user'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['plan_id'], ['support_plan.id'], name=op.f('fk_plan_goal_plan_id_support_plan'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_plan_goal')),
    sa.UniqueConstraint('uid', name=op.f('uq_plan_goal_uid'))
    )
    op.create_index(op.f('ix_plan_goal_plan_id'), 'plan_goal', ['plan_id'], unique=False)

    op.create_table('plan_measure',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('uid', sa.String(length=32), nullable=False),
    sa.Column('plan_id', sa.Integer(), nullable=False),
    sa.Column('place', sa.Integer(), nullable=False),
    sa.Column('domain', sa.Enum('mind', 'study', 'life', name='measuredomain', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('text_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('responsible_id', sa.Integer(), nullable=False),
    sa.Column('starts_on', sa.Date(), nullable=False),
    sa.Column('ends_on', sa.Date(), nullable=False),
    sa.Column('rhythm', sa.Enum('daily', 'weekly', 'fortnightly', 'monthly', 'once', 'as_needed', name='measurerhythm', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('last_noted_on', sa.Date(), nullable=True),
    sa.Column('state', sa.Enum('open', 'done', 'stopped', name='measurestate', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('ended_on', sa.Date(), nullable=True),
    sa.Column('ended_by_id', sa.Integer(), nullable=True),
    sa.Column('outcome_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('left_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint("(state = 'open') = (ended_by_id IS NULL)", name=op.f('ck_plan_measure_ended_by_somebody')),
    sa.CheckConstraint("(state = 'open') = (ended_on IS NULL)", name=op.f('ck_plan_measure_ended_on_a_day')),
    sa.CheckConstraint('ends_on >= starts_on', name=op.f('ck_plan_measure_ends_after_start')),
    sa.ForeignKeyConstraint(['ended_by_id'], ['app_user.id'], name=op.f('fk_plan_measure_ended_by_id_app_user'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['plan_id'], ['support_plan.id'], name=op.f('fk_plan_measure_plan_id_support_plan'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['responsible_id'], ['app_user.id'], name=op.f('fk_plan_measure_responsible_id_app_user'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_plan_measure')),
    sa.UniqueConstraint('uid', name=op.f('uq_plan_measure_uid'))
    )
    op.create_index('ix_plan_measure_owed', 'plan_measure', ['responsible_id', 'state', 'left_at', 'plan_id'], unique=False)
    op.create_index(op.f('ix_plan_measure_plan_id'), 'plan_measure', ['plan_id'], unique=False)

    op.create_table('plan_version',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('uid', sa.String(length=32), nullable=False),
    sa.Column('plan_id', sa.Integer(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('state', sa.Enum('draft', 'submitted', 'returned', 'in_force', 'replaced', 'ended', name='planstate', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('review_on', sa.Date(), nullable=False),
    sa.Column('content_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('reason_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('written_by_id', sa.Integer(), nullable=True),
    sa.Column('written_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('submitted_by_id', sa.Integer(), nullable=True),
    sa.Column('submitted_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('answered_by_id', sa.Integer(), nullable=True),
    sa.Column('answered_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('answer_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('in_force_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_by_id', sa.Integer(), nullable=True),
    sa.Column('end_reason_sealed', sa.LargeBinary(), nullable=True),
    sa.CheckConstraint("(state IN ('replaced', 'ended')) = (ended_at IS NOT NULL)", name=op.f('ck_plan_version_ended_since')),
    sa.CheckConstraint("state <> 'in_force' OR in_force_at IS NOT NULL", name=op.f('ck_plan_version_in_force_since')),
    sa.CheckConstraint("state <> 'submitted' OR submitted_at IS NOT NULL", name=op.f('ck_plan_version_submitted_since')),
    sa.ForeignKeyConstraint(['answered_by_id'], ['app_user.id'], name=op.f('fk_plan_version_answered_by_id_app_user'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['ended_by_id'], ['app_user.id'], name=op.f('fk_plan_version_ended_by_id_app_user'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['plan_id'], ['support_plan.id'], name=op.f('fk_plan_version_plan_id_support_plan'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['submitted_by_id'], ['app_user.id'], name=op.f('fk_plan_version_submitted_by_id_app_user'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['written_by_id'], ['app_user.id'], name=op.f('fk_plan_version_written_by_id_app_user'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_plan_version')),
    sa.UniqueConstraint('plan_id', 'number', name=op.f('uq_plan_version_plan_id_number')),
    sa.UniqueConstraint('uid', name=op.f('uq_plan_version_uid'))
    )
    op.create_index(op.f('ix_plan_version_plan_id'), 'plan_version', ['plan_id'], unique=False)
    op.create_index('ix_plan_version_waiting', 'plan_version', ['state', 'review_on', 'plan_id', 'number', 'submitted_at'], unique=False)
    op.create_index('uq_plan_version_in_force', 'plan_version', ['plan_id'], unique=True, sqlite_where=sa.text("state = 'in_force'"), postgresql_where=sa.text("state = 'in_force'"))
    op.create_index('uq_plan_version_pending', 'plan_version', ['plan_id'], unique=True, sqlite_where=sa.text("state IN ('draft', 'submitted')"), postgresql_where=sa.text("state IN ('draft', 'submitted')"))

    op.create_table('measure_note',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('uid', sa.String(length=32), nullable=False),
    sa.Column('measure_id', sa.Integer(), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('text_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('written_by_id', sa.Integer(), nullable=True),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['measure_id'], ['plan_measure.id'], name=op.f('fk_measure_note_measure_id_plan_measure'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['written_by_id'], ['app_user.id'], name=op.f('fk_measure_note_written_by_id_app_user'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_measure_note')),
    sa.UniqueConstraint('uid', name=op.f('uq_measure_note_uid'))
    )
    op.create_index(op.f('ix_measure_note_measure_id'), 'measure_note', ['measure_id'], unique=False)

    op.create_table('plan_author',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('plan_version_id', sa.Integer(), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('first_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['plan_version_id'], ['plan_version.id'], name=op.f('fk_plan_author_plan_version_id_plan_version'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['user_id'], ['app_user.id'], name=op.f('fk_plan_author_user_id_app_user'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_plan_author')),
    sa.UniqueConstraint('plan_version_id', 'user_id', name=op.f('uq_plan_author_plan_version_id_user_id'))
    )
    with op.batch_alter_table("care_case") as batch:
        batch.drop_constraint(op.f("ck_care_case_casestate"), type_="check")
        batch.drop_column("state")


def downgrade() -> None:
    states = sa.Enum("awaiting_conference", "supported", name="casestate", native_enum=False, length=40)
    op.add_column("care_case", sa.Column("state", states, server_default="supported", nullable=False))
    waiting = "SELECT case_id FROM case_conference WHERE held_at IS NULL"
    op.execute(f"UPDATE care_case SET state = 'awaiting_conference' WHERE id IN ({waiting})")  # noqa: S608  fixed text
    with op.batch_alter_table("care_case") as batch:
        batch.alter_column("state", server_default=None)
        batch.create_check_constraint(op.f("ck_care_case_casestate"), "state IN ('awaiting_conference', 'supported')")
    for table in ("plan_author", "measure_note", "plan_version", "plan_measure", "plan_goal", "support_plan"):
        op.drop_table(table)
