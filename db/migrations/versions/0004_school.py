"""Bell periods, documents with their sealed files, numbers of the regulations with dates; an index by time."""

import sqlalchemy as sa
from alembic import op

revision = '0004'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('bell_timetable',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('from_day', sa.Date(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_bell_timetable')),
    sa.UniqueConstraint('from_day', name=op.f('uq_bell_timetable_from_day'))
    )
    op.create_table('attachment',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('uid', sa.String(length=32), nullable=False),
    sa.Column('kind', sa.Enum('pdf', 'docx', 'xlsx', 'pptx', 'doc', 'xls', 'ppt', 'jpg', 'png', name='filekind', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('size_bytes', sa.Integer(), nullable=False),
    sa.Column('content_sealed', sa.LargeBinary(), nullable=False),
    sa.Column('added_by_id', sa.Integer(), nullable=True),
    sa.Column('added_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint('size_bytes BETWEEN 1 AND 20971520', name=op.f('ck_attachment_size_bytes')),
    sa.ForeignKeyConstraint(['added_by_id'], ['app_user.id'], name=op.f('fk_attachment_added_by_id_app_user'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_attachment')),
    sa.UniqueConstraint('uid', name=op.f('uq_attachment_uid'))
    )
    op.create_table('bell_day_kind',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('timetable_id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=20), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['timetable_id'], ['bell_timetable.id'], name=op.f('fk_bell_day_kind_timetable_id_bell_timetable'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_bell_day_kind')),
    sa.UniqueConstraint('id', 'timetable_id', name=op.f('uq_bell_day_kind_id_timetable_id')),
    sa.UniqueConstraint('timetable_id', 'name', name=op.f('uq_bell_day_kind_timetable_id_name'))
    )
    op.create_table('parameter_version',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=80), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('value', sa.String(length=200), nullable=False),
    sa.Column('in_force_from', sa.Date(), nullable=False),
    sa.Column('reason', sa.String(length=200), nullable=False),
    sa.Column('set_by_id', sa.Integer(), nullable=True),
    sa.Column('set_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('withdrawn_by_id', sa.Integer(), nullable=True),
    sa.Column('withdrawn_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint('number >= 1', name=op.f('ck_parameter_version_number')),
    sa.ForeignKeyConstraint(['set_by_id'], ['app_user.id'], name=op.f('fk_parameter_version_set_by_id_app_user'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['withdrawn_by_id'], ['app_user.id'], name=op.f('fk_parameter_version_withdrawn_by_id_app_user'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_parameter_version')),
    sa.UniqueConstraint('name', 'number', name=op.f('uq_parameter_version_name_number'))
    )
    op.create_table('bell_date',
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('day_kind_id', sa.Integer(), nullable=True),
    sa.Column('follows_weekday', sa.Integer(), nullable=True),
    sa.CheckConstraint('(day_kind_id IS NULL) <> (follows_weekday IS NULL)', name=op.f('ck_bell_date_one_of_two')),
    sa.CheckConstraint('follows_weekday IS NULL OR follows_weekday BETWEEN 0 AND 6', name=op.f('ck_bell_date_follows_weekday')),
    sa.ForeignKeyConstraint(['day_kind_id'], ['bell_day_kind.id'], name=op.f('fk_bell_date_day_kind_id_bell_day_kind'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('day', name=op.f('pk_bell_date'))
    )
    op.create_table('bell_period',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('day_kind_id', sa.Integer(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=20), nullable=False),
    sa.Column('starts_at', sa.Time(), nullable=False),
    sa.Column('ends_at', sa.Time(), nullable=False),
    sa.Column('is_lesson', sa.Boolean(), nullable=False),
    sa.CheckConstraint('ends_at > starts_at', name=op.f('ck_bell_period_ends_after_start')),
    sa.CheckConstraint('number BETWEEN 1 AND 30', name=op.f('ck_bell_period_number')),
    sa.ForeignKeyConstraint(['day_kind_id'], ['bell_day_kind.id'], name=op.f('fk_bell_period_day_kind_id_bell_day_kind'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_bell_period')),
    sa.UniqueConstraint('day_kind_id', 'number', name=op.f('uq_bell_period_day_kind_id_number'))
    )
    op.create_table('bell_weekday',
    sa.Column('timetable_id', sa.Integer(), nullable=False),
    sa.Column('weekday', sa.Integer(), nullable=False),
    sa.Column('day_kind_id', sa.Integer(), nullable=False),
    sa.CheckConstraint('weekday BETWEEN 0 AND 6', name=op.f('ck_bell_weekday_weekday')),
    sa.ForeignKeyConstraint(['day_kind_id', 'timetable_id'], ['bell_day_kind.id', 'bell_day_kind.timetable_id'], name=op.f('fk_bell_weekday_day_kind_id_bell_day_kind'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('timetable_id', 'weekday', name=op.f('pk_bell_weekday'))
    )
    op.create_table('document',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=40), nullable=False),
    sa.Column('title', sa.String(length=80), nullable=False),
    sa.Column('clause_ids', sa.String(length=200), nullable=False),
    sa.Column('valid_from', sa.Date(), nullable=False),
    sa.Column('valid_to', sa.Date(), nullable=True),
    sa.Column('attachment_id', sa.Integer(), nullable=False),
    sa.Column('replaces_id', sa.Integer(), nullable=True),
    sa.Column('recorded_by_id', sa.Integer(), nullable=True),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('withdrawn_by_id', sa.Integer(), nullable=True),
    sa.Column('withdrawn_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint('valid_to IS NULL OR valid_to >= valid_from', name=op.f('ck_document_ends_after_start')),
    sa.ForeignKeyConstraint(['attachment_id'], ['attachment.id'], name=op.f('fk_document_attachment_id_attachment'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['recorded_by_id'], ['app_user.id'], name=op.f('fk_document_recorded_by_id_app_user'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['replaces_id'], ['document.id'], name=op.f('fk_document_replaces_id_document'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['withdrawn_by_id'], ['app_user.id'], name=op.f('fk_document_withdrawn_by_id_app_user'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_document')),
    sa.UniqueConstraint('attachment_id', name=op.f('uq_document_attachment_id')),
    sa.UniqueConstraint('replaces_id', name=op.f('uq_document_replaces_id'))
    )
    op.create_index(op.f('ix_document_kind'), 'document', ['kind'], unique=False)

    op.create_table('document_review',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('document_id', sa.Integer(), nullable=False),
    sa.Column('looked_on', sa.Date(), nullable=False),
    sa.Column('looked_by_id', sa.Integer(), nullable=True),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['document_id'], ['document.id'], name=op.f('fk_document_review_document_id_document'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['looked_by_id'], ['app_user.id'], name=op.f('fk_document_review_looked_by_id_app_user'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_document_review')),
    sa.UniqueConstraint('document_id', 'looked_on', name=op.f('uq_document_review_document_id_looked_on'))
    )
    op.create_index(op.f('ix_audit_event_at'), 'audit_event', ['at'], unique=False)



def downgrade() -> None:
    op.drop_index(op.f('ix_audit_event_at'), table_name='audit_event')

    op.drop_table('document_review')
    op.drop_index(op.f('ix_document_kind'), table_name='document')

    op.drop_table('document')
    op.drop_table('bell_weekday')
    op.drop_table('bell_period')
    op.drop_table('bell_date')
    op.drop_table('parameter_version')
    op.drop_table('bell_day_kind')
    op.drop_table('attachment')
    op.drop_table('bell_timetable')
