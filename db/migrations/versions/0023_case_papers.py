"""Stage summaries and evaluations of the effect of a case."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('effect_evaluation',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('uid', sa.String(length=32), nullable=False),
    sa.Column('case_id', sa.Integer(), nullable=False),
    sa.Column('moment', sa.Enum('beginning', 'midway', 'end', name='evaluationmoment', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('held_on', sa.Date(), nullable=False),
    sa.Column('voices', sa.Integer(), nullable=False),
    sa.Column('dimensions', sa.Integer(), nullable=False),
    sa.Column('content_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('written_by_id', sa.Integer(), nullable=False),
    sa.Column('written_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint('dimensions BETWEEN 1 AND 4', name=op.f('ck_effect_evaluation_some_dimension')),
    sa.CheckConstraint('voices BETWEEN 1 AND 4', name=op.f('ck_effect_evaluation_some_voice')),
    sa.ForeignKeyConstraint(['case_id'], ['care_case.id'], name=op.f('fk_effect_evaluation_case_id_care_case'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['written_by_id'], ['app_user.id'], name=op.f('fk_effect_evaluation_written_by_id_app_user'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_effect_evaluation')),
    sa.UniqueConstraint('case_id', 'moment', 'held_on', name=op.f('uq_effect_evaluation_case_id_moment_held_on')),
    sa.UniqueConstraint('uid', name=op.f('uq_effect_evaluation_uid'))
    )
    op.create_table('stage_summary',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('uid', sa.String(length=32), nullable=False),
    sa.Column('case_id', sa.Integer(), nullable=False),
    sa.Column('from_on', sa.Date(), nullable=False),
    sa.Column('to_on', sa.Date(), nullable=False),
    sa.Column('next_on', sa.Date(), nullable=False),
    sa.Column('changed_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('next_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('written_by_id', sa.Integer(), nullable=False),
    sa.Column('written_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint('from_on <= to_on', name=op.f('ck_stage_summary_some_days')),
    sa.CheckConstraint('next_on > to_on', name=op.f('ck_stage_summary_next_is_later')),
    sa.ForeignKeyConstraint(['case_id'], ['care_case.id'], name=op.f('fk_stage_summary_case_id_care_case'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['written_by_id'], ['app_user.id'], name=op.f('fk_stage_summary_written_by_id_app_user'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_stage_summary')),
    sa.UniqueConstraint('case_id', 'to_on', name=op.f('uq_stage_summary_case_id_to_on')),
    sa.UniqueConstraint('uid', name=op.f('uq_stage_summary_uid'))
    )
    op.create_table('effect_evaluation_version',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('uid', sa.String(length=32), nullable=False),
    sa.Column('evaluation_id', sa.Integer(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('content_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_by_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['ended_by_id'], ['app_user.id'], name=op.f('fk_effect_evaluation_version_ended_by_id_app_user'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['evaluation_id'], ['effect_evaluation.id'], name=op.f('fk_effect_evaluation_version_evaluation_id_effect_evaluation'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_effect_evaluation_version')),
    sa.UniqueConstraint('evaluation_id', 'number', name=op.f('uq_effect_evaluation_version_evaluation_id_number')),
    sa.UniqueConstraint('uid', name=op.f('uq_effect_evaluation_version_uid'))
    )
    op.create_table('stage_summary_version',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('uid', sa.String(length=32), nullable=False),
    sa.Column('summary_id', sa.Integer(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('content_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_by_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['ended_by_id'], ['app_user.id'], name=op.f('fk_stage_summary_version_ended_by_id_app_user'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['summary_id'], ['stage_summary.id'], name=op.f('fk_stage_summary_version_summary_id_stage_summary'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_stage_summary_version')),
    sa.UniqueConstraint('summary_id', 'number', name=op.f('uq_stage_summary_version_summary_id_number')),
    sa.UniqueConstraint('uid', name=op.f('uq_stage_summary_version_uid'))
    )


def downgrade() -> None:
    op.drop_table("effect_evaluation_version")
    op.drop_table("effect_evaluation")
    op.drop_table("stage_summary_version")
    op.drop_table("stage_summary")
