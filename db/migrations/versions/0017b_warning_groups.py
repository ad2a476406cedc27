"""Early-warning working groups of key children, with their members."""

import sqlalchemy as sa
from alembic import op

revision = "0017b"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('warning_group',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('student_id', sa.Integer(), nullable=False),
    sa.Column('from_day', sa.Date(), nullable=False),
    sa.Column('to_day', sa.Date(), nullable=True),
    sa.Column('founded_by_id', sa.Integer(), nullable=True),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint('to_day IS NULL OR to_day >= from_day', name=op.f('ck_warning_group_ends_after_start')),
    sa.ForeignKeyConstraint(['founded_by_id'], ['app_user.id'], name=op.f('fk_warning_group_founded_by_id_app_user'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['student_id'], ['student.id'], name=op.f('fk_warning_group_student_id_student'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_warning_group'))
    )
    op.create_index(op.f('ix_warning_group_student_id'), 'warning_group', ['student_id'], unique=False)
    op.create_index('uq_warning_group_open', 'warning_group', ['student_id'], unique=True, sqlite_where=sa.text('to_day IS NULL'), postgresql_where=sa.text('to_day IS NULL'))
    op.create_table('warning_member',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('uid', sa.String(length=32), nullable=False),
    sa.Column('group_id', sa.Integer(), nullable=False),
    sa.Column('role', sa.Enum('party_cadre', 'psych_teacher', 'homeroom', 'subject_teacher', 'peer_officer', 'friend', 'parent', 'other', name='warningrole', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=True),
    sa.Column('name_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('phone_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('from_day', sa.Date(), nullable=False),
    sa.Column('to_day', sa.Date(), nullable=True),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint('(user_id IS NULL) <> (name_sealed IS NULL)', name=op.f('ck_warning_member_staff_or_name')),
    sa.CheckConstraint('to_day IS NULL OR to_day >= from_day', name=op.f('ck_warning_member_ends_after_start')),
    sa.ForeignKeyConstraint(['group_id'], ['warning_group.id'], name=op.f('fk_warning_member_group_id_warning_group'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['user_id'], ['app_user.id'], name=op.f('fk_warning_member_user_id_app_user'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_warning_member')),
    sa.UniqueConstraint('uid', name=op.f('uq_warning_member_uid'))
    )
    op.create_index(op.f('ix_warning_member_group_id'), 'warning_member', ['group_id'], unique=False)
    op.create_index('ix_warning_member_user', 'warning_member', ['user_id', 'to_day', 'group_id'], unique=False)
    op.create_index('uq_warning_member_user', 'warning_member', ['group_id', 'user_id'], unique=True, sqlite_where=sa.text('to_day IS NULL AND user_id IS NOT NULL'), postgresql_where=sa.text('to_day IS NULL AND user_id IS NOT NULL'))


def downgrade() -> None:
    op.drop_table('warning_member')
    op.drop_table('warning_group')
