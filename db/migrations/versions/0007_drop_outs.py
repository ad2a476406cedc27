"""Children who stay away from school, and what is done to bring them back."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0007a"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('drop_out',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('uid', sa.String(length=32), nullable=False),
    sa.Column('student_id', sa.Integer(), nullable=False),
    sa.Column('class_id', sa.Integer(), nullable=True),
    sa.Column('noticed_on', sa.Date(), nullable=False),
    sa.Column('noticed_by_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('last_seen_on', sa.Date(), nullable=True),
    sa.Column('reason', sa.Enum('unknown', 'study', 'poverty', 'work', 'with_parents', 'family', 'illness', 'mind', 'peers', 'internet', 'marriage', 'other', name='dropoutreason', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('words_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('owner_id', sa.Integer(), nullable=True),
    sa.Column('recorded_by_id', sa.Integer(), nullable=True),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('outcome', sa.Enum('returned', 'transferred', 'still_out', name='dropoutoutcome', native_enum=False, create_constraint=True, length=40), nullable=True),
    sa.Column('ended_on', sa.Date(), nullable=True),
    sa.Column('ending_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('closed_by_id', sa.Integer(), nullable=True),
    sa.Column('closed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint('(outcome IS NULL) = (closed_at IS NULL)', name=op.f('ck_drop_out_closed_with_outcome')),
    sa.CheckConstraint('(outcome IS NULL) = (ended_on IS NULL)', name=op.f('ck_drop_out_ended_with_outcome')),
    sa.CheckConstraint('ended_on IS NULL OR ended_on >= noticed_on', name=op.f('ck_drop_out_ends_after_start')),
    sa.CheckConstraint('last_seen_on IS NULL OR last_seen_on <= noticed_on', name=op.f('ck_drop_out_seen_before')),
    sa.ForeignKeyConstraint(['class_id'], ['school_class.id'], name=op.f('fk_drop_out_class_id_school_class'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['closed_by_id'], ['app_user.id'], name=op.f('fk_drop_out_closed_by_id_app_user'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['owner_id'], ['app_user.id'], name=op.f('fk_drop_out_owner_id_app_user'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['recorded_by_id'], ['app_user.id'], name=op.f('fk_drop_out_recorded_by_id_app_user'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['student_id'], ['student.id'], name=op.f('fk_drop_out_student_id_student'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_drop_out')),
    sa.UniqueConstraint('uid', name=op.f('uq_drop_out_uid'))
    )
    op.create_index(op.f('ix_drop_out_class_id'), 'drop_out', ['class_id'], unique=False)
    op.create_index(op.f('ix_drop_out_owner_id'), 'drop_out', ['owner_id'], unique=False)
    op.create_index(op.f('ix_drop_out_student_id'), 'drop_out', ['student_id'], unique=False)
    op.create_index('uq_drop_out_open', 'drop_out', ['student_id'], unique=True, sqlite_where=sa.text('closed_at IS NULL'), postgresql_where=sa.text('closed_at IS NULL'))
    op.create_table('drop_out_step',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('uid', sa.String(length=32), nullable=False),
    sa.Column('drop_out_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.Enum('call', 'talk', 'home_visit', 'notice', 'told_office', 'told_township', 'told_authority', 'other', name='dropoutstepkind', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('words_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('taken_by_id', sa.Integer(), nullable=True),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['drop_out_id'], ['drop_out.id'], name=op.f('fk_drop_out_step_drop_out_id_drop_out'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['taken_by_id'], ['app_user.id'], name=op.f('fk_drop_out_step_taken_by_id_app_user'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_drop_out_step')),
    sa.UniqueConstraint('uid', name=op.f('uq_drop_out_step_uid'))
    )
    op.create_index(op.f('ix_drop_out_step_drop_out_id'), 'drop_out_step', ['drop_out_id'], unique=False)


def downgrade() -> None:
    op.drop_index(op.f('ix_drop_out_step_drop_out_id'), table_name='drop_out_step')
    op.drop_table('drop_out_step')
    op.drop_index('uq_drop_out_open', table_name='drop_out', sqlite_where=sa.text('closed_at IS NULL'), postgresql_where=sa.text('closed_at IS NULL'))
    op.drop_index(op.f('ix_drop_out_student_id'), table_name='drop_out')
    op.drop_index(op.f('ix_drop_out_owner_id'), table_name='drop_out')
    op.drop_index(op.f('ix_drop_out_class_id'), table_name='drop_out')
    op.drop_table('drop_out')
