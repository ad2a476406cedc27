"""What is kept of a child term by term, its family's consent and promise."""

import sqlalchemy as sa
from alembic import op

revision = '0006c'
down_revision = '0006b'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('consent',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('uid', sa.String(length=32), nullable=False),
    sa.Column('student_id', sa.Integer(), nullable=False),
    sa.Column('purpose', sa.Enum('data', 'screening', 'counselling', 'referral', 'photo', name='consentpurpose', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('answer', sa.Enum('given', 'refused', 'withdrawn', name='consentanswer', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('by_whom_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('evidence_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('recorded_by_id', sa.Integer(), nullable=True),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('replaced_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['recorded_by_id'], ['app_user.id'], name=op.f('fk_consent_recorded_by_id_app_user'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['student_id'], ['student.id'], name=op.f('fk_consent_student_id_student'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_consent')),
    sa.UniqueConstraint('uid', name=op.f('uq_consent_uid'))
    )
    op.create_index(op.f('ix_consent_student_id'), 'consent', ['student_id'], unique=False)
    op.create_index('uq_consent_current', 'consent', ['student_id', 'purpose'], unique=True, sqlite_where=sa.text('replaced_at IS NULL'), postgresql_where=sa.text('replaced_at IS NULL'))
    op.create_table('parents_promise',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('uid', sa.String(length=32), nullable=False),
    sa.Column('student_id', sa.Integer(), nullable=False),
    sa.Column('signed_on', sa.Date(), nullable=False),
    sa.Column('signer_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('place_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('recorded_by_id', sa.Integer(), nullable=True),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('replaced_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['recorded_by_id'], ['app_user.id'], name=op.f('fk_parents_promise_recorded_by_id_app_user'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['student_id'], ['student.id'], name=op.f('fk_parents_promise_student_id_student'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_parents_promise')),
    sa.UniqueConstraint('uid', name=op.f('uq_parents_promise_uid'))
    )
    op.create_index(op.f('ix_parents_promise_student_id'), 'parents_promise', ['student_id'], unique=False)
    op.create_index('uq_parents_promise_current', 'parents_promise', ['student_id'], unique=True, sqlite_where=sa.text('replaced_at IS NULL'), postgresql_where=sa.text('replaced_at IS NULL'))
    op.create_table('term_entry',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('uid', sa.String(length=32), nullable=False),
    sa.Column('student_id', sa.Integer(), nullable=False),
    sa.Column('term_id', sa.Integer(), nullable=False),
    sa.Column('study', sa.Enum('excellent', 'good', 'pass', 'below', name='studylevel', native_enum=False, create_constraint=True, length=40), nullable=True),
    sa.Column('health', sa.Enum('good', 'fair', 'watch', name='healthstate', native_enum=False, create_constraint=True, length=40), nullable=True),
    sa.Column('checked_up_on', sa.Date(), nullable=True),
    sa.Column('height_cm', sa.Integer(), nullable=True),
    sa.Column('weight_grams', sa.Integer(), nullable=True),
    sa.Column('vaccination', sa.Enum('complete', 'incomplete', 'unknown', name='vaccination', native_enum=False, create_constraint=True, length=40), nullable=True),
    sa.Column('note_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('recorded_by_id', sa.Integer(), nullable=True),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint('height_cm IS NULL OR height_cm BETWEEN 60 AND 230', name=op.f('ck_term_entry_height')),
    sa.CheckConstraint('weight_grams IS NULL OR weight_grams BETWEEN 8000 AND 200000', name=op.f('ck_term_entry_weight')),
    sa.ForeignKeyConstraint(['recorded_by_id'], ['app_user.id'], name=op.f('fk_term_entry_recorded_by_id_app_user'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['student_id'], ['student.id'], name=op.f('fk_term_entry_student_id_student'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['term_id'], ['term.id'], name=op.f('fk_term_entry_term_id_term'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_term_entry')),
    sa.UniqueConstraint('student_id', 'term_id', name=op.f('uq_term_entry_student_id_term_id')),
    sa.UniqueConstraint('uid', name=op.f('uq_term_entry_uid'))
    )
    op.create_index(op.f('ix_term_entry_term_id'), 'term_entry', ['term_id'], unique=False)


def downgrade() -> None:
    op.drop_index(op.f('ix_term_entry_term_id'), table_name='term_entry')
    op.drop_table('term_entry')
    op.drop_index('uq_parents_promise_current', table_name='parents_promise', sqlite_where=sa.text('replaced_at IS NULL'), postgresql_where=sa.text('replaced_at IS NULL'))
    op.drop_index(op.f('ix_parents_promise_student_id'), table_name='parents_promise')
    op.drop_table('parents_promise')
    op.drop_index('uq_consent_current', table_name='consent', sqlite_where=sa.text('replaced_at IS NULL'), postgresql_where=sa.text('replaced_at IS NULL'))
    op.drop_index(op.f('ix_consent_student_id'), table_name='consent')
    op.drop_table('consent')
