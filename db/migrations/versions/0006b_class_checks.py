"""Class checks: rounds, returns, findings."""

import sqlalchemy as sa
from alembic import op

revision = '0006b'
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('check_round',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('term_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.Enum('class_check', name='checkkind', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('due_day', sa.Date(), nullable=False),
    sa.Column('opened_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('opened_by_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['opened_by_id'], ['app_user.id'], name=op.f('fk_check_round_opened_by_id_app_user'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['term_id'], ['term.id'], name=op.f('fk_check_round_term_id_term'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_check_round')),
    sa.UniqueConstraint('term_id', 'kind', name=op.f('uq_check_round_term_id_kind'))
    )
    op.create_table('check_return',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('round_id', sa.Integer(), nullable=False),
    sa.Column('class_id', sa.Integer(), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('children_count', sa.Integer(), nullable=False),
    sa.Column('returned_by_id', sa.Integer(), nullable=True),
    sa.Column('returned_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('replaced_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['class_id'], ['school_class.id'], name=op.f('fk_check_return_class_id_school_class'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['returned_by_id'], ['app_user.id'], name=op.f('fk_check_return_returned_by_id_app_user'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['round_id'], ['check_round.id'], name=op.f('fk_check_return_round_id_check_round'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_check_return')),
    sa.UniqueConstraint('round_id', 'class_id', 'revision', name=op.f('uq_check_return_round_id_class_id_revision'))
    )
    op.create_index(op.f('ix_check_return_class_id'), 'check_return', ['class_id'], unique=False)
    op.create_index('uq_check_return_current', 'check_return', ['round_id', 'class_id'], unique=True, sqlite_where=sa.text('replaced_at IS NULL'), postgresql_where=sa.text('replaced_at IS NULL'))
    op.create_table('check_finding',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('uid', sa.String(length=32), nullable=False),
    sa.Column('return_id', sa.Integer(), nullable=False),
    sa.Column('student_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.Enum('left_behind', 'in_difficulty', 'special_family', 'special_physique', 'special_psychology', 'special_conduct', name='categorykind', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('result', sa.Enum('unchanged', 'changed', 'ended', 'found', name='checkresult', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('level', sa.Integer(), nullable=True),
    sa.Column('note_sealed', sa.LargeBinary(), nullable=True),
    sa.CheckConstraint('level IS NULL OR level BETWEEN 1 AND 3', name=op.f('ck_check_finding_level')),
    sa.ForeignKeyConstraint(['return_id'], ['check_return.id'], name=op.f('fk_check_finding_return_id_check_return'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['student_id'], ['student.id'], name=op.f('fk_check_finding_student_id_student'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_check_finding')),
    sa.UniqueConstraint('return_id', 'student_id', 'kind', name=op.f('uq_check_finding_return_id_student_id_kind')),
    sa.UniqueConstraint('uid', name=op.f('uq_check_finding_uid'))
    )
    op.create_index(op.f('ix_check_finding_student_id'), 'check_finding', ['student_id'], unique=False)


def downgrade() -> None:
    op.drop_index(op.f('ix_check_finding_student_id'), table_name='check_finding')
    op.drop_table('check_finding')
    op.drop_index('uq_check_return_current', table_name='check_return', sqlite_where=sa.text('replaced_at IS NULL'), postgresql_where=sa.text('replaced_at IS NULL'))
    op.drop_index(op.f('ix_check_return_class_id'), table_name='check_return')
    op.drop_table('check_return')
    op.drop_table('check_round')
