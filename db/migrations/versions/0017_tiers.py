"""Tiers with their dated changes, suggestions of a screening, and the archive of each child."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0014"
branch_labels = None
depends_on = None

TIERS = [
    (0, "一般", "gray"),
    (1, "三级关注", "yellow"),
    (2, "二级重点", "orange"),
    (3, "一级危机", "red"),
]


def upgrade() -> None:
    op.create_table('care_tier',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('rank', sa.Integer(), nullable=False),
    sa.Column('label', sa.String(length=40), nullable=False),
    sa.Column('colour', sa.Enum('gray', 'blue', 'green', 'yellow', 'orange', 'red', 'violet', name='tiercolour', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('is_offered', sa.Boolean(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint('rank >= 0', name=op.f('ck_care_tier_rank')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_care_tier')),
    sa.UniqueConstraint('label', name=op.f('uq_care_tier_label')),
    sa.UniqueConstraint('rank', name=op.f('uq_care_tier_rank'))
    )
    op.create_table('psych_archive',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('student_id', sa.Integer(), nullable=False),
    sa.Column('opened_on', sa.Date(), nullable=False),
    sa.Column('opened_by_id', sa.Integer(), nullable=True),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['opened_by_id'], ['app_user.id'], name=op.f('fk_psych_archive_opened_by_id_app_user'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['student_id'], ['student.id'], name=op.f('fk_psych_archive_student_id_student'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_psych_archive')),
    sa.UniqueConstraint('student_id', name=op.f('uq_psych_archive_student_id'))
    )
    op.create_table('archive_look',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('archive_id', sa.Integer(), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('looked_by_id', sa.Integer(), nullable=True),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['archive_id'], ['psych_archive.id'], name=op.f('fk_archive_look_archive_id_psych_archive'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['looked_by_id'], ['app_user.id'], name=op.f('fk_archive_look_looked_by_id_app_user'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_archive_look'))
    )
    op.create_index(op.f('ix_archive_look_archive_id'), 'archive_look', ['archive_id'], unique=False)
    op.create_table('tier_change',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('uid', sa.String(length=32), nullable=False),
    sa.Column('student_id', sa.Integer(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=True),
    sa.Column('follows', sa.Integer(), nullable=False),
    sa.Column('tier_id', sa.Integer(), nullable=False),
    sa.Column('from_day', sa.Date(), nullable=False),
    sa.Column('reason_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('evidence_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('record_id', sa.Integer(), nullable=True),
    sa.Column('assessment_id', sa.Integer(), nullable=True),
    sa.Column('author_id', sa.Integer(), nullable=True),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('state', sa.Enum('standing', 'waiting', 'declined', 'withdrawn', name='tierstate', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('decided_by_id', sa.Integer(), nullable=True),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('note_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint("(state = 'standing') = (number IS NOT NULL)", name=op.f('ck_tier_change_counts_by_number')),
    sa.CheckConstraint("(state = 'waiting') = (decided_at IS NULL) OR state = 'standing'", name=op.f('ck_tier_change_decided')),
    sa.ForeignKeyConstraint(['assessment_id'], ['assessment.id'], name=op.f('fk_tier_change_assessment_id_assessment'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['author_id'], ['app_user.id'], name=op.f('fk_tier_change_author_id_app_user'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['decided_by_id'], ['app_user.id'], name=op.f('fk_tier_change_decided_by_id_app_user'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['record_id'], ['care_record.id'], name=op.f('fk_tier_change_record_id_care_record'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['student_id'], ['student.id'], name=op.f('fk_tier_change_student_id_student'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['tier_id'], ['care_tier.id'], name=op.f('fk_tier_change_tier_id_care_tier'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_tier_change')),
    sa.UniqueConstraint('student_id', 'number', name=op.f('uq_tier_change_student_id_number')),
    sa.UniqueConstraint('uid', name=op.f('uq_tier_change_uid'))
    )
    op.create_index('ix_tier_change_held', 'tier_change', ['student_id', 'number', 'from_day', 'tier_id', 'author_id'], unique=False)
    op.create_index(op.f('ix_tier_change_student_id'), 'tier_change', ['student_id'], unique=False)
    op.create_index('uq_tier_change_waiting', 'tier_change', ['student_id'], unique=True, sqlite_where=sa.text("state = 'waiting'"), postgresql_where=sa.text("state = 'waiting'"))
    op.create_table('tier_suggestion',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('uid', sa.String(length=32), nullable=False),
    sa.Column('student_id', sa.Integer(), nullable=False),
    sa.Column('tier_id', sa.Integer(), nullable=False),
    sa.Column('source_key', sa.String(length=80), nullable=False),
    sa.Column('reason_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('suggested_by_id', sa.Integer(), nullable=True),
    sa.Column('suggested_on', sa.Date(), nullable=False),
    sa.Column('change_id', sa.Integer(), nullable=True),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_by_id', sa.Integer(), nullable=True),
    sa.Column('note_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['change_id'], ['tier_change.id'], name=op.f('fk_tier_suggestion_change_id_tier_change'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['ended_by_id'], ['app_user.id'], name=op.f('fk_tier_suggestion_ended_by_id_app_user'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['student_id'], ['student.id'], name=op.f('fk_tier_suggestion_student_id_student'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['suggested_by_id'], ['app_user.id'], name=op.f('fk_tier_suggestion_suggested_by_id_app_user'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['tier_id'], ['care_tier.id'], name=op.f('fk_tier_suggestion_tier_id_care_tier'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_tier_suggestion')),
    sa.UniqueConstraint('source_key', name=op.f('uq_tier_suggestion_source_key')),
    sa.UniqueConstraint('uid', name=op.f('uq_tier_suggestion_uid'))
    )
    op.create_index(op.f('ix_tier_suggestion_student_id'), 'tier_suggestion', ['student_id'], unique=False)
    op.create_index(op.f('ix_tier_suggestion_suggested_by_id'), 'tier_suggestion', ['suggested_by_id'], unique=False)
    tier = sa.table(
        "care_tier",
        sa.column("rank", sa.Integer),
        sa.column("label", sa.String),
        sa.column("colour", sa.String),
        sa.column("is_offered", sa.Boolean),
        sa.column("version", sa.Integer),
    )
    rows = [{"rank": r, "label": label, "colour": c, "is_offered": True, "version": 1} for r, label, c in TIERS]
    op.bulk_insert(tier, rows)


def downgrade() -> None:
    op.drop_table('tier_suggestion')
    op.drop_table('tier_change')
    op.drop_table('archive_look')
    op.drop_table('psych_archive')
    op.drop_table('care_tier')
