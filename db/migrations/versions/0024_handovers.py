"""Archives handed over to another school: packages, the children in them, the family's word about counselling."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

_CHECK = "ck_consent_consentpurpose"
_BEFORE = ("data", "screening", "counselling", "referral", "photo")


def upgrade() -> None:
    op.create_table('handover_package',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('uid', sa.String(length=32), nullable=False),
    sa.Column('reason', sa.Enum('graduation', 'transfer', name='handoverreason', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('to_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('children', sa.Integer(), nullable=False),
    sa.Column('files', sa.Integer(), nullable=False),
    sa.Column('size_bytes', sa.Integer(), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('made_by_id', sa.Integer(), nullable=True),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('handed_on', sa.Date(), nullable=True),
    sa.Column('way', sa.Enum('by_hand', 'mail', 'network', name='handoverway', native_enum=False, create_constraint=True, length=40), nullable=True),
    sa.Column('receiver_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('received_on', sa.Date(), nullable=True),
    sa.Column('receipt_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('attachment_id', sa.Integer(), nullable=True),
    sa.Column('withdrawn_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('withdrawn_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint('(handed_on IS NULL) = (way IS NULL)', name=op.f('ck_handover_package_handed_by_a_way')),
    sa.CheckConstraint('received_on IS NULL OR received_on >= handed_on', name=op.f('ck_handover_package_received_after_handed')),
    sa.CheckConstraint('received_on IS NULL OR handed_on IS NOT NULL', name=op.f('ck_handover_package_handed_first')),
    sa.CheckConstraint('withdrawn_at IS NULL OR received_on IS NULL', name=op.f('ck_handover_package_received_stays')),
    sa.CheckConstraint('children > 0', name=op.f('ck_handover_package_somebody')),
    sa.ForeignKeyConstraint(['attachment_id'], ['attachment.id'], name=op.f('fk_handover_package_attachment_id_attachment'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['made_by_id'], ['app_user.id'], name=op.f('fk_handover_package_made_by_id_app_user'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_handover_package')),
    sa.UniqueConstraint('attachment_id', name=op.f('uq_handover_package_attachment_id')),
    sa.UniqueConstraint('uid', name=op.f('uq_handover_package_uid'))
    )
    op.create_table('handover_child',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('package_id', sa.Integer(), nullable=False),
    sa.Column('student_id', sa.Integer(), nullable=False),
    sa.Column('place', sa.Integer(), nullable=False),
    sa.Column('items', sa.Integer(), nullable=False),
    sa.Column('with_notes', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['package_id'], ['handover_package.id'], name=op.f('fk_handover_child_package_id_handover_package'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['student_id'], ['student.id'], name=op.f('fk_handover_child_student_id_student'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_handover_child')),
    sa.UniqueConstraint('package_id', 'student_id', name=op.f('uq_handover_child_package_id_student_id'))
    )
    op.create_index('ix_handover_child_student', 'handover_child', ['student_id', 'package_id'], unique=False)
    _allow(*_BEFORE, "handover")


def downgrade() -> None:
    op.drop_table("handover_child")
    op.drop_table("handover_package")
    op.execute("DELETE FROM consent WHERE purpose = 'handover'")
    _allow(*_BEFORE)


def _allow(*purposes: str) -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint(op.f(_CHECK), "consent", type_="check")
    found = sa.Enum(*purposes, name="consentpurpose", native_enum=False, create_constraint=True, length=40)
    with op.batch_alter_table("consent") as batch:
        batch.alter_column("purpose", type_=found, existing_nullable=False)
