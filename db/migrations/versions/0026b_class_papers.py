"""What a class files each term for its left-behind children: a plan and a summary."""

import sqlalchemy as sa
from alembic import op

revision = "0026b"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('class_paper',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('uid', sa.String(length=32), nullable=False),
    sa.Column('class_id', sa.Integer(), nullable=False),
    sa.Column('term_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.Enum('plan', 'summary', name='classpaperkind', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('words_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('recorded_by_id', sa.Integer(), nullable=True),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['class_id'], ['school_class.id'], name=op.f('fk_class_paper_class_id_school_class'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['recorded_by_id'], ['app_user.id'], name=op.f('fk_class_paper_recorded_by_id_app_user'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['term_id'], ['term.id'], name=op.f('fk_class_paper_term_id_term'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_class_paper')),
    sa.UniqueConstraint('class_id', 'term_id', 'kind', name=op.f('uq_class_paper_class_id_term_id_kind')),
    sa.UniqueConstraint('uid', name=op.f('uq_class_paper_uid'))
    )
    op.create_index(op.f('ix_class_paper_term_id'), 'class_paper', ['term_id'], unique=False)


def downgrade() -> None:
    op.drop_table("class_paper")
