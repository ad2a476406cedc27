"""Screening: rounds, results, and who was away; imports of results are a kind of their own."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _set_import_kinds("students", "left_behind", "screening")
    op.create_table('screening_round',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('school_year', sa.Integer(), nullable=False),
    sa.Column('half', sa.Integer(), nullable=False),
    sa.Column('scale', sa.String(length=20), nullable=False),
    sa.Column('opened_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('opened_by_id', sa.Integer(), nullable=True),
    sa.Column('closed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('closed_by_id', sa.Integer(), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint('half IN (1, 2)', name=op.f('ck_screening_round_half')),
    sa.ForeignKeyConstraint(['closed_by_id'], ['app_user.id'], name=op.f('fk_screening_round_closed_by_id_app_user'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['opened_by_id'], ['app_user.id'], name=op.f('fk_screening_round_opened_by_id_app_user'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_screening_round')),
    sa.UniqueConstraint('school_year', 'half', 'scale', name=op.f('uq_screening_round_school_year_half_scale'))
    )
    op.create_table('screening_absence',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('round_id', sa.Integer(), nullable=False),
    sa.Column('student_id', sa.Integer(), nullable=False),
    sa.Column('import_id', sa.Integer(), nullable=True),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['import_id'], ['import_batch.id'], name=op.f('fk_screening_absence_import_id_import_batch'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['round_id'], ['screening_round.id'], name=op.f('fk_screening_absence_round_id_screening_round'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['student_id'], ['student.id'], name=op.f('fk_screening_absence_student_id_student'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_screening_absence')),
    sa.UniqueConstraint('round_id', 'student_id', name=op.f('uq_screening_absence_round_id_student_id'))
    )
    op.create_index(op.f('ix_screening_absence_import_id'), 'screening_absence', ['import_id'], unique=False)
    op.create_index(op.f('ix_screening_absence_student_id'), 'screening_absence', ['student_id'], unique=False)
    op.create_table('screening_result',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('uid', sa.String(length=32), nullable=False),
    sa.Column('round_id', sa.Integer(), nullable=False),
    sa.Column('student_id', sa.Integer(), nullable=False),
    sa.Column('taken_on', sa.Date(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('is_valid', sa.Boolean(), nullable=False),
    sa.Column('level', sa.String(length=20), nullable=False),
    sa.Column('rank', sa.Integer(), nullable=False),
    sa.Column('is_urgent', sa.Boolean(), nullable=False),
    sa.Column('needs_contact', sa.Boolean(), nullable=False),
    sa.Column('high_count', sa.Integer(), nullable=False),
    sa.Column('scores_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('import_id', sa.Integer(), nullable=True),
    sa.Column('owner_id', sa.Integer(), nullable=True),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('contact_id', sa.Integer(), nullable=True),
    sa.Column('suggestion_id', sa.Integer(), nullable=True),
    sa.Column('homeroom_asked_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint('rank BETWEEN 0 AND 3', name=op.f('ck_screening_result_rank')),
    sa.ForeignKeyConstraint(['contact_id'], ['care_record.id'], name=op.f('fk_screening_result_contact_id_care_record'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['import_id'], ['import_batch.id'], name=op.f('fk_screening_result_import_id_import_batch'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['owner_id'], ['app_user.id'], name=op.f('fk_screening_result_owner_id_app_user'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['round_id'], ['screening_round.id'], name=op.f('fk_screening_result_round_id_screening_round'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['student_id'], ['student.id'], name=op.f('fk_screening_result_student_id_student'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['suggestion_id'], ['tier_suggestion.id'], name=op.f('fk_screening_result_suggestion_id_tier_suggestion'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_screening_result')),
    sa.UniqueConstraint('round_id', 'student_id', 'taken_on', 'number', name=op.f('uq_screening_result_round_id_student_id_taken_on_number')),
    sa.UniqueConstraint('uid', name=op.f('uq_screening_result_uid'))
    )
    op.create_index('ix_screening_result_child', 'screening_result', ['student_id', 'taken_on'], unique=False)
    op.create_index(op.f('ix_screening_result_contact_id'), 'screening_result', ['contact_id'], unique=False)
    op.create_index(op.f('ix_screening_result_import_id'), 'screening_result', ['import_id'], unique=False)
    op.create_index('ix_screening_result_open', 'screening_result', ['needs_contact', 'contact_id', 'owner_id', 'student_id', 'recorded_at'], unique=False)
    op.create_index(op.f('ix_screening_result_suggestion_id'), 'screening_result', ['suggestion_id'], unique=False)


def downgrade() -> None:
    op.drop_index(op.f('ix_screening_result_suggestion_id'), table_name='screening_result')
    op.drop_index('ix_screening_result_open', table_name='screening_result')
    op.drop_index(op.f('ix_screening_result_import_id'), table_name='screening_result')
    op.drop_index(op.f('ix_screening_result_contact_id'), table_name='screening_result')
    op.drop_index('ix_screening_result_child', table_name='screening_result')
    op.drop_table('screening_result')
    op.drop_index(op.f('ix_screening_absence_student_id'), table_name='screening_absence')
    op.drop_index(op.f('ix_screening_absence_import_id'), table_name='screening_absence')
    op.drop_table('screening_absence')
    op.drop_table('screening_round')
    op.execute("DELETE FROM imported_row WHERE batch_id IN (SELECT id FROM import_batch WHERE kind = 'screening')")
    op.execute("DELETE FROM import_batch WHERE kind = 'screening'")
    _set_import_kinds("students", "left_behind")


def _set_import_kinds(*values: str) -> None:
    # On a server the column keeps its old check unless it is dropped first; a rewritten table has none but the new.
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint(op.f("ck_import_batch_importkind"), "import_batch", type_="check")
    kinds = sa.Enum(*values, name="importkind", native_enum=False, create_constraint=True, length=40)
    with op.batch_alter_table("import_batch") as batch:
        batch.alter_column("kind", type_=kinds, existing_nullable=False)
