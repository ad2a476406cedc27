"""Rounds: the change of school year, class checks, entries of a term, consent, drop-out, merging, exchange, retention."""

import sqlalchemy as sa
from alembic import op

revision = '0006'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('enrolment_change',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('uid', sa.String(length=32), nullable=False),
    sa.Column('student_id', sa.Integer(), nullable=False),
    sa.Column('from_state', sa.Enum('enrolled', 'on_leave', 'transferred', 'graduated', 'dropped_out', name='from_state', native_enum=False, create_constraint=True, length=40), nullable=True),
    sa.Column('to_state', sa.Enum('enrolled', 'on_leave', 'transferred', 'graduated', 'dropped_out', name='enrolmentstate', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('place_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('recorded_by_id', sa.Integer(), nullable=True),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint('from_state IS NULL OR from_state <> to_state', name=op.f('ck_enrolment_change_is_a_change')),
    sa.ForeignKeyConstraint(['recorded_by_id'], ['app_user.id'], name=op.f('fk_enrolment_change_recorded_by_id_app_user'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['student_id'], ['student.id'], name=op.f('fk_enrolment_change_student_id_student'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_enrolment_change')),
    sa.UniqueConstraint('uid', name=op.f('uq_enrolment_change_uid'))
    )
    op.create_index(op.f('ix_enrolment_change_student_id'), 'enrolment_change', ['student_id'], unique=False)
    op.create_table('year_change',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('school_year', sa.Integer(), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('leaving_day', sa.Date(), nullable=False),
    sa.Column('made_by_id', sa.Integer(), nullable=True),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('moved_count', sa.Integer(), nullable=False),
    sa.Column('repeated_count', sa.Integer(), nullable=False),
    sa.Column('graduated_count', sa.Integer(), nullable=False),
    sa.Column('left_count', sa.Integer(), nullable=False),
    sa.Column('undone_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('undone_by_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['made_by_id'], ['app_user.id'], name=op.f('fk_year_change_made_by_id_app_user'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['undone_by_id'], ['app_user.id'], name=op.f('fk_year_change_undone_by_id_app_user'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_year_change'))
    )
    op.create_index('uq_year_change_open', 'year_change', ['school_year'], unique=True, sqlite_where=sa.text('undone_at IS NULL'), postgresql_where=sa.text('undone_at IS NULL'))
    op.create_table('year_exception',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('uid', sa.String(length=32), nullable=False),
    sa.Column('school_year', sa.Integer(), nullable=False),
    sa.Column('student_id', sa.Integer(), nullable=False),
    sa.Column('step', sa.Enum('moves_up', 'other_class', 'repeats', 'leaves', 'graduates', name='yearstep', native_enum=False, create_constraint=True, length=40), nullable=True),
    sa.Column('class_number', sa.Integer(), nullable=True),
    sa.Column('place_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['student_id'], ['student.id'], name=op.f('fk_year_exception_student_id_student'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_year_exception')),
    sa.UniqueConstraint('school_year', 'student_id', name=op.f('uq_year_exception_school_year_student_id')),
    sa.UniqueConstraint('uid', name=op.f('uq_year_exception_uid'))
    )
    op.create_index(op.f('ix_year_exception_student_id'), 'year_exception', ['student_id'], unique=False)
    op.create_table('year_change_row',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('change_id', sa.Integer(), nullable=False),
    sa.Column('table_name', sa.String(length=40), nullable=False),
    sa.Column('row_id', sa.Integer(), nullable=False),
    sa.Column('action', sa.Enum('created', 'changed', name='importaction', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.ForeignKeyConstraint(['change_id'], ['year_change.id'], name=op.f('fk_year_change_row_change_id_year_change'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_year_change_row'))
    )
    op.create_index(op.f('ix_year_change_row_change_id'), 'year_change_row', ['change_id'], unique=False)


def downgrade() -> None:
    op.drop_index(op.f('ix_year_change_row_change_id'), table_name='year_change_row')
    op.drop_table('year_change_row')
    op.drop_index(op.f('ix_year_exception_student_id'), table_name='year_exception')
    op.drop_table('year_exception')
    op.drop_index('uq_year_change_open', table_name='year_change', sqlite_where=sa.text('undone_at IS NULL'), postgresql_where=sa.text('undone_at IS NULL'))
    op.drop_table('year_change')
    op.drop_index(op.f('ix_enrolment_change_student_id'), table_name='enrolment_change')
    op.drop_table('enrolment_change')
