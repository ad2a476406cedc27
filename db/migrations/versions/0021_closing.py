"""Closing a case and opening it again."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('case_closure',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('uid', sa.String(length=32), nullable=False),
    sa.Column('case_id', sa.Integer(), nullable=False),
    sa.Column('state', sa.Enum('waiting', 'agreed', 'declined', 'withdrawn', name='closingstate', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('outcome', sa.Enum('solved', 'better', 'taken_over', 'left', name='closingoutcome', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('reason_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('missing', sa.String(length=200), nullable=False),
    sa.Column('despite_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('follow_up_on', sa.Date(), nullable=True),
    sa.Column('asked_by_id', sa.Integer(), nullable=False),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('decided_by_id', sa.Integer(), nullable=True),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('note_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('followed_on', sa.Date(), nullable=True),
    sa.Column('followed_by_id', sa.Integer(), nullable=True),
    sa.Column('follow_up_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('reopened_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('reopened_by_id', sa.Integer(), nullable=True),
    sa.Column('reopen_reason_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint("(state = 'waiting') = (decided_at IS NULL)", name=op.f('ck_case_closure_decided')),
    sa.CheckConstraint("follow_up_on IS NOT NULL OR outcome = 'left'", name=op.f('ck_case_closure_follow_up')),
    sa.CheckConstraint("followed_on IS NULL OR state = 'agreed'", name=op.f('ck_case_closure_followed_after_yes')),
    sa.CheckConstraint("reopened_at IS NULL OR state = 'agreed'", name=op.f('ck_case_closure_reopened_after_yes')),
    sa.CheckConstraint("state <> 'agreed' OR decided_by_id <> asked_by_id", name=op.f('ck_case_closure_never_ones_own')),
    sa.ForeignKeyConstraint(['asked_by_id'], ['app_user.id'], name=op.f('fk_case_closure_asked_by_id_app_user'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['case_id'], ['care_case.id'], name=op.f('fk_case_closure_case_id_care_case'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['decided_by_id'], ['app_user.id'], name=op.f('fk_case_closure_decided_by_id_app_user'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['followed_by_id'], ['app_user.id'], name=op.f('fk_case_closure_followed_by_id_app_user'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['reopened_by_id'], ['app_user.id'], name=op.f('fk_case_closure_reopened_by_id_app_user'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_case_closure')),
    sa.UniqueConstraint('uid', name=op.f('uq_case_closure_uid'))
    )
    op.create_index(op.f('ix_case_closure_case_id'), 'case_closure', ['case_id'], unique=False)
    op.create_index('ix_case_closure_due', 'case_closure', ['state', 'follow_up_on', 'followed_on', 'reopened_at', 'case_id'], unique=False)
    op.create_index('uq_case_closure_counts', 'case_closure', ['case_id'], unique=True, sqlite_where=sa.text("state = 'agreed' AND reopened_at IS NULL"), postgresql_where=sa.text("state = 'agreed' AND reopened_at IS NULL"))
    op.create_index('uq_case_closure_waiting', 'case_closure', ['case_id'], unique=True, sqlite_where=sa.text("state = 'waiting'"), postgresql_where=sa.text("state = 'waiting'"))


def downgrade() -> None:
    op.drop_table("case_closure")
