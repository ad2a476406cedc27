"""How long records are kept, and the runs that remove them."""

import sqlalchemy as sa
from alembic import op

revision = '0009'
down_revision = '0007b'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('retention_hold',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('uid', sa.String(length=32), nullable=False),
    sa.Column('student_id', sa.Integer(), nullable=False),
    sa.Column('reason_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('set_by_id', sa.Integer(), nullable=True),
    sa.Column('set_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('lifted_by_id', sa.Integer(), nullable=True),
    sa.Column('lifted_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['lifted_by_id'], ['app_user.id'], name=op.f('fk_retention_hold_lifted_by_id_app_user'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['set_by_id'], ['app_user.id'], name=op.f('fk_retention_hold_set_by_id_app_user'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['student_id'], ['student.id'], name=op.f('fk_retention_hold_student_id_student'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_retention_hold')),
    sa.UniqueConstraint('uid', name=op.f('uq_retention_hold_uid'))
    )
    op.create_index(op.f('ix_retention_hold_student_id'), 'retention_hold', ['student_id'], unique=False)
    op.create_index('uq_retention_hold_open', 'retention_hold', ['student_id'], unique=True, sqlite_where=sa.text('lifted_at IS NULL'), postgresql_where=sa.text('lifted_at IS NULL'))
    op.create_table('retention_run',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.Column('open_slot', sa.Integer(), nullable=True),
    sa.Column('proposed_by_id', sa.Integer(), nullable=False),
    sa.Column('proposed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('agreed_by_id', sa.Integer(), nullable=True),
    sa.Column('agreed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('withdrawn_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint('agreed_by_id IS NULL OR agreed_by_id <> proposed_by_id', name=op.f('ck_retention_run_two_persons')),
    sa.CheckConstraint('finished_at IS NULL OR agreed_at IS NOT NULL', name=op.f('ck_retention_run_agreed_first')),
    sa.ForeignKeyConstraint(['agreed_by_id'], ['app_user.id'], name=op.f('fk_retention_run_agreed_by_id_app_user'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['proposed_by_id'], ['app_user.id'], name=op.f('fk_retention_run_proposed_by_id_app_user'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_retention_run')),
    sa.UniqueConstraint('open_slot', name=op.f('uq_retention_run_open_slot'))
    )
    op.create_table('retention_item',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('run_id', sa.Integer(), nullable=False),
    sa.Column('student_id', sa.Integer(), nullable=False),
    sa.Column('is_whole', sa.Boolean(), nullable=False),
    sa.Column('fingerprint', sa.String(length=64), nullable=False),
    sa.Column('state', sa.Enum('waiting', 'removed', 'kept', name='retentionstate', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('rows_count', sa.Integer(), nullable=False),
    sa.Column('done_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['run_id'], ['retention_run.id'], name=op.f('fk_retention_item_run_id_retention_run'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_retention_item')),
    sa.UniqueConstraint('run_id', 'student_id', name=op.f('uq_retention_item_run_id_student_id'))
    )


def downgrade() -> None:
    op.drop_table('retention_item')
    op.drop_table('retention_run')
    op.drop_index('uq_retention_hold_open', table_name='retention_hold', sqlite_where=sa.text('lifted_at IS NULL'), postgresql_where=sa.text('lifted_at IS NULL'))
    op.drop_index(op.f('ix_retention_hold_student_id'), table_name='retention_hold')
    op.drop_table('retention_hold')
