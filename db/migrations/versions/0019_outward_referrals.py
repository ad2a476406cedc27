"""Children referred out of the school, and how they were asked after."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('outward_referral',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('uid', sa.String(length=32), nullable=False),
    sa.Column('student_id', sa.Integer(), nullable=False),
    sa.Column('case_id', sa.Integer(), nullable=True),
    sa.Column('owner_id', sa.Integer(), nullable=False),
    sa.Column('target_kind', sa.Enum('hospital', 'agency', 'civil_affairs', 'police', 'education', 'other', name='outwardtarget', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('target_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('contact_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('reason_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('handed_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('urgency', sa.Enum('ordinary', 'urgent', 'danger', name='urgency', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('referred_on', sa.Date(), nullable=False),
    sa.Column('consent_on', sa.Date(), nullable=True),
    sa.Column('is_emergency', sa.Boolean(), nullable=False),
    sa.Column('emergency_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('answered_on', sa.Date(), nullable=True),
    sa.Column('answer_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('last_followed_on', sa.Date(), nullable=True),
    sa.Column('outcome', sa.Enum('taken_over', 'back', 'no_need', 'not_gone', 'not_taken', 'mistake', name='outwardoutcome', native_enum=False, create_constraint=True, length=40), nullable=True),
    sa.Column('ended_on', sa.Date(), nullable=True),
    sa.Column('ending_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('recorded_by_id', sa.Integer(), nullable=True),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint('(outcome IS NULL) = (ended_on IS NULL)', name=op.f('ck_outward_referral_ended_with_outcome')),
    sa.CheckConstraint('answered_on IS NULL OR answered_on >= referred_on', name=op.f('ck_outward_referral_answer_after_start')),
    sa.CheckConstraint('consent_on IS NOT NULL OR is_emergency', name=op.f('ck_outward_referral_consent_or_emergency')),
    sa.CheckConstraint('ended_on IS NULL OR ended_on >= referred_on', name=op.f('ck_outward_referral_ends_after_start')),
    sa.ForeignKeyConstraint(['case_id'], ['care_case.id'], name=op.f('fk_outward_referral_case_id_care_case'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['owner_id'], ['app_user.id'], name=op.f('fk_outward_referral_owner_id_app_user'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['recorded_by_id'], ['app_user.id'], name=op.f('fk_outward_referral_recorded_by_id_app_user'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['student_id'], ['student.id'], name=op.f('fk_outward_referral_student_id_student'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_outward_referral')),
    sa.UniqueConstraint('uid', name=op.f('uq_outward_referral_uid'))
    )
    op.create_index(op.f('ix_outward_referral_case_id'), 'outward_referral', ['case_id'], unique=False)
    op.create_index('ix_outward_referral_owed', 'outward_referral', ['owner_id', 'ended_on', 'referred_on'], unique=False)
    op.create_index(op.f('ix_outward_referral_student_id'), 'outward_referral', ['student_id'], unique=False)
    op.create_table('outward_follow_up',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('uid', sa.String(length=32), nullable=False),
    sa.Column('outward_id', sa.Integer(), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('contact', sa.Enum('body', 'child', 'family', 'school', name='outwardcontact', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('words_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('agreed_with_id', sa.Integer(), nullable=True),
    sa.Column('taken_by_id', sa.Integer(), nullable=True),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['agreed_with_id'], ['app_user.id'], name=op.f('fk_outward_follow_up_agreed_with_id_app_user'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['outward_id'], ['outward_referral.id'], name=op.f('fk_outward_follow_up_outward_id_outward_referral'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['taken_by_id'], ['app_user.id'], name=op.f('fk_outward_follow_up_taken_by_id_app_user'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_outward_follow_up')),
    sa.UniqueConstraint('uid', name=op.f('uq_outward_follow_up_uid'))
    )
    op.create_index(op.f('ix_outward_follow_up_outward_id'), 'outward_follow_up', ['outward_id'], unique=False)


def downgrade() -> None:
    op.drop_table("outward_follow_up")
    op.drop_table("outward_referral")
