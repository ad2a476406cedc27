"""Regulations that run: clauses switched on and off, excuses, frozen weeks, and how often each table was written to."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('table_version',
    sa.Column('name', sa.String(length=60), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_table_version'))
    )
    op.create_table('clause_excuse',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('uid', sa.String(length=32), nullable=False),
    sa.Column('kind', sa.Enum('exempt', 'done_otherwise', name='excusekind', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('clause_id', sa.String(length=10), nullable=False),
    sa.Column('part', sa.String(length=40), nullable=True),
    sa.Column('student_id', sa.Integer(), nullable=True),
    sa.Column('class_id', sa.Integer(), nullable=True),
    sa.Column('from_day', sa.Date(), nullable=False),
    sa.Column('to_day', sa.Date(), nullable=True),
    sa.Column('reason_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('state', sa.Enum('waiting', 'standing', 'declined', 'withdrawn', name='excusestate', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('asked_by_id', sa.Integer(), nullable=True),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('answered_by_id', sa.Integer(), nullable=True),
    sa.Column('answered_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('answer_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('withdrawn_by_id', sa.Integer(), nullable=True),
    sa.Column('withdrawn_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint("(state IN ('standing', 'declined')) = (answered_at IS NOT NULL)", name=op.f('ck_clause_excuse_answered')),
    sa.CheckConstraint("kind = 'exempt' OR to_day IS NOT NULL", name=op.f('ck_clause_excuse_otherwise_for_a_time')),
    sa.CheckConstraint('student_id IS NULL OR class_id IS NULL', name=op.f('ck_clause_excuse_one_subject')),
    sa.CheckConstraint('to_day IS NULL OR to_day > from_day', name=op.f('ck_clause_excuse_ends_after_start')),
    sa.ForeignKeyConstraint(['answered_by_id'], ['app_user.id'], name=op.f('fk_clause_excuse_answered_by_id_app_user'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['asked_by_id'], ['app_user.id'], name=op.f('fk_clause_excuse_asked_by_id_app_user'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['class_id'], ['school_class.id'], name=op.f('fk_clause_excuse_class_id_school_class'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['student_id'], ['student.id'], name=op.f('fk_clause_excuse_student_id_student'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['withdrawn_by_id'], ['app_user.id'], name=op.f('fk_clause_excuse_withdrawn_by_id_app_user'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_clause_excuse')),
    sa.UniqueConstraint('uid', name=op.f('uq_clause_excuse_uid'))
    )
    op.create_index('ix_clause_excuse_child', 'clause_excuse', ['student_id', 'clause_id', 'state'], unique=False)
    op.create_index('ix_clause_excuse_waiting', 'clause_excuse', ['state', 'asked_by_id'], unique=False, sqlite_where=sa.text("state = 'waiting'"), postgresql_where=sa.text("state = 'waiting'"))
    op.create_table('clause_switch',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('clause_id', sa.String(length=10), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('is_on', sa.Boolean(), nullable=False),
    sa.Column('from_day', sa.Date(), nullable=False),
    sa.Column('reason', sa.String(length=200), nullable=True),
    sa.Column('set_by_id', sa.Integer(), nullable=True),
    sa.Column('set_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('withdrawn_by_id', sa.Integer(), nullable=True),
    sa.Column('withdrawn_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint('number >= 1', name=op.f('ck_clause_switch_number')),
    sa.ForeignKeyConstraint(['set_by_id'], ['app_user.id'], name=op.f('fk_clause_switch_set_by_id_app_user'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['withdrawn_by_id'], ['app_user.id'], name=op.f('fk_clause_switch_withdrawn_by_id_app_user'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_clause_switch')),
    sa.UniqueConstraint('clause_id', 'number', name=op.f('uq_clause_switch_clause_id_number'))
    )
    op.create_table('clause_week',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('uid', sa.String(length=32), nullable=False),
    sa.Column('first_day', sa.Date(), nullable=False),
    sa.Column('told_on', sa.Date(), nullable=False),
    sa.Column('frozen_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('frozen_by_id', sa.Integer(), nullable=True),
    sa.Column('numbers', sa.String(), nullable=False),
    sa.Column('lists_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.ForeignKeyConstraint(['frozen_by_id'], ['app_user.id'], name=op.f('fk_clause_week_frozen_by_id_app_user'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_clause_week')),
    sa.UniqueConstraint('first_day', name=op.f('uq_clause_week_first_day')),
    sa.UniqueConstraint('uid', name=op.f('uq_clause_week_uid'))
    )
    op.create_table('clause_week_state',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('week_id', sa.Integer(), nullable=False),
    sa.Column('clause_id', sa.String(length=10), nullable=False),
    sa.Column('state', sa.String(length=20), nullable=False),
    sa.Column('required', sa.Integer(), nullable=False),
    sa.Column('done', sa.Integer(), nullable=False),
    sa.Column('due', sa.Integer(), nullable=False),
    sa.Column('overdue', sa.Integer(), nullable=False),
    sa.Column('missed', sa.Integer(), nullable=False),
    sa.Column('exempt', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['week_id'], ['clause_week.id'], name=op.f('fk_clause_week_state_week_id_clause_week'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_clause_week_state')),
    sa.UniqueConstraint('week_id', 'clause_id', name=op.f('uq_clause_week_state_week_id_clause_id'))
    )


def downgrade() -> None:
    for table in ("clause_week_state", "clause_week", "clause_switch", "clause_excuse", "table_version"):
        op.drop_table(table)
