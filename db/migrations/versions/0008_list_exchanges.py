"""Lists exchanged with civil affairs and the like, and what differs."""

import sqlalchemy as sa
from alembic import op

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('list_exchange',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('direction', sa.Enum('received', 'given', name='exchangedirection', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('body', sa.Enum('civil_affairs', 'women', 'disabled', 'education', 'other', name='exchangebody', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('body_name', sa.String(length=40), nullable=True),
    sa.Column('kind', sa.Enum('left_behind', 'in_difficulty', 'special_family', 'special_physique', 'special_psychology', 'special_conduct', name='categorykind', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('difficulty_id', sa.Integer(), nullable=True),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('attachment_id', sa.Integer(), nullable=True),
    sa.Column('file_digest', sa.String(length=64), nullable=False),
    sa.Column('rows_count', sa.Integer(), nullable=False),
    sa.Column('matched_count', sa.Integer(), nullable=False),
    sa.Column('agreeing_count', sa.Integer(), nullable=False),
    sa.Column('refused_count', sa.Integer(), nullable=False),
    sa.Column('recorded_by_id', sa.Integer(), nullable=True),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("difficulty_id IS NULL OR kind = 'in_difficulty'", name=op.f('ck_list_exchange_difficulty')),
    sa.CheckConstraint("kind IN ('left_behind', 'in_difficulty', 'special_family')", name=op.f('ck_list_exchange_exchanged')),
    sa.ForeignKeyConstraint(['attachment_id'], ['attachment.id'], name=op.f('fk_list_exchange_attachment_id_attachment'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['difficulty_id'], ['care_option.id'], name=op.f('fk_list_exchange_difficulty_id_care_option'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['recorded_by_id'], ['app_user.id'], name=op.f('fk_list_exchange_recorded_by_id_app_user'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_list_exchange')),
    sa.UniqueConstraint('attachment_id', name=op.f('uq_list_exchange_attachment_id'))
    )
    op.create_index(op.f('ix_list_exchange_day'), 'list_exchange', ['day'], unique=False)
    op.create_index('uq_list_exchange_file', 'list_exchange', ['file_digest', 'kind'], unique=True, sqlite_where=sa.text("direction = 'received' AND difficulty_id IS NULL"), postgresql_where=sa.text("direction = 'received' AND difficulty_id IS NULL"))
    op.create_index('uq_list_exchange_file_difficulty', 'list_exchange', ['file_digest', 'difficulty_id'], unique=True, sqlite_where=sa.text("direction = 'received' AND difficulty_id IS NOT NULL"), postgresql_where=sa.text("direction = 'received' AND difficulty_id IS NOT NULL"))
    op.create_table('list_difference',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('uid', sa.String(length=32), nullable=False),
    sa.Column('exchange_id', sa.Integer(), nullable=False),
    sa.Column('student_id', sa.Integer(), nullable=True),
    sa.Column('category_id', sa.Integer(), nullable=True),
    sa.Column('difficulty_id', sa.Integer(), nullable=True),
    sa.Column('side', sa.Enum('list', 'register', 'both', name='differenceside', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('part', sa.Enum('mark', 'kind', 'level', 'document', 'phone', 'address', name='differencepart', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('content_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('state', sa.Enum('open', 'adopted', 'left', 'not_ours', name='differencestate', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('reason_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('decided_by_id', sa.Integer(), nullable=True),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint("(state = 'open') = (decided_at IS NULL)", name=op.f('ck_list_difference_decided')),
    sa.CheckConstraint("student_id IS NOT NULL OR side = 'list'", name=op.f('ck_list_difference_whose')),
    sa.ForeignKeyConstraint(['category_id'], ['student_category.id'], name=op.f('fk_list_difference_category_id_student_category'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['decided_by_id'], ['app_user.id'], name=op.f('fk_list_difference_decided_by_id_app_user'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['difficulty_id'], ['care_option.id'], name=op.f('fk_list_difference_difficulty_id_care_option'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['exchange_id'], ['list_exchange.id'], name=op.f('fk_list_difference_exchange_id_list_exchange'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['student_id'], ['student.id'], name=op.f('fk_list_difference_student_id_student'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_list_difference')),
    sa.UniqueConstraint('uid', name=op.f('uq_list_difference_uid'))
    )
    op.create_index(op.f('ix_list_difference_category_id'), 'list_difference', ['category_id'], unique=False)
    op.create_index('ix_list_difference_exchange_side', 'list_difference', ['exchange_id', 'side', 'state'], unique=False)
    op.create_index(op.f('ix_list_difference_student_id'), 'list_difference', ['student_id'], unique=False)


def downgrade() -> None:
    op.drop_index(op.f('ix_list_difference_student_id'), table_name='list_difference')
    op.drop_index('ix_list_difference_exchange_side', table_name='list_difference')
    op.drop_index(op.f('ix_list_difference_category_id'), table_name='list_difference')
    op.drop_table('list_difference')
    op.drop_index('uq_list_exchange_file_difficulty', table_name='list_exchange', sqlite_where=sa.text("direction = 'received' AND difficulty_id IS NOT NULL"), postgresql_where=sa.text("direction = 'received' AND difficulty_id IS NOT NULL"))
    op.drop_index('uq_list_exchange_file', table_name='list_exchange', sqlite_where=sa.text("direction = 'received' AND difficulty_id IS NULL"), postgresql_where=sa.text("direction = 'received' AND difficulty_id IS NULL"))
    op.drop_index(op.f('ix_list_exchange_day'), table_name='list_exchange')
    op.drop_table('list_exchange')
