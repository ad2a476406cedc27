"""Which backups were made, proven and copied."""

import sqlalchemy as sa
from alembic import op

revision = '0002'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('backup_run',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('day', sa.Date(), nullable=True),
    sa.Column('reason', sa.Enum('daily', 'manual', name='backupreason', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('proven_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('file', sa.String(length=1000), nullable=True),
    sa.Column('size_bytes', sa.BigInteger(), nullable=True),
    sa.Column('head_seq', sa.BigInteger(), nullable=True),
    sa.Column('head_link', sa.String(length=64), nullable=True),
    sa.Column('second_file', sa.String(length=1000), nullable=True),
    sa.Column('second_copy_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('off_disk_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('problem', sa.String(length=40), nullable=True),
    sa.Column('second_problem', sa.String(length=40), nullable=True),
    sa.Column('removed_at', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_backup_run')),
    sa.UniqueConstraint('day', name=op.f('uq_backup_run_day'))
    )
    op.create_index('ix_backup_run_started_at', 'backup_run', ['started_at'], unique=False)


def downgrade() -> None:
    op.drop_index('ix_backup_run_started_at', table_name='backup_run')
    op.drop_table('backup_run')
