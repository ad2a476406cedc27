"""Posts and their holders, deputies, groups, and the confidentiality pledge."""

from datetime import datetime, timezone

import sqlalchemy as sa
from alembic import op

revision = '0003'
down_revision = '0006c'
branch_labels = None
depends_on = None

# code, name, answers for, clause, span, one holder at a time, role, needed
POSTS = (
    ('principal', '校长', '对全校关爱和心理健康工作总负责，召集留守儿童工作会', 'B-15', 'school', True, None, True),
    ('overseer', '分管校领导', '统筹“润心”行动和各个小组', 'B-05', 'school', True, None, True),
    ('head_of_room', '关爱室负责人', '管关爱室的日常，协调和指导', 'B-11', 'school', False, 'lead', True),
    ('counsellor', '专职心理教师', '和孩子谈话、记录，拟定并落实帮扶', 'B-12', 'school', False, 'counsellor', True),
    ('left_behind_coordinator', '留守儿童工作教师', '牵头全校的留守儿童关爱', 'B-14', 'school', True, None, True),
    ('office', '领导小组办公室联络人', '日常事务、文件和信息', 'B-04', 'school', True, None, True),
    ('moral_education', '德育处负责人', '德育和心理健康教育', 'B-02', 'school', True, None, True),
    ('teaching', '教务处负责人', '学业辅导', 'B-15', 'school', True, None, True),
    ('student_affairs', '学生处负责人', '孩子的日常生活', 'B-15', 'school', True, None, True),
    ('security', '安全保卫负责人', '校园安全', 'B-02', 'school', True, None, True),
    ('logistics', '总务后勤负责人', '场地、设备和食宿', 'B-02', 'school', True, None, True),
    ('safety_officer', '安全信息员', '发现和报告留守儿童的安全隐患', 'B-20', 'school', False, None, True),
    ('archive_keeper', '档案管理员', '档案的建立、保管和移交', 'C-10', 'school', True, None, True),
    ('school_doctor', '校医', '体检、接种和生病孩子的照护', 'I-22', 'school', False, None, False),
    ('librarian', '图书管理员', '图书室对留守儿童开放', 'C-13', 'school', False, None, False),
    ('finance', '财务', '经费的收支和公示', 'O-04', 'school', False, 'finance', True),
    ('grade_head', '年级组长', '本年级的工作小组', 'B-08', 'grade', True, None, True),
    ('second_person', '第二个人', '复核要两个人点头的事：结案、免做、报销、降级', None, 'school', True, None, False),
)
PLEDGE = """我在工作中会知道孩子的个人情况、困难和得到的帮助。我承诺：

一、只看工作需要的内容，不打听、不翻看和我的工作无关的孩子。

二、不对无关的人说起孩子的事，不在办公室、走廊、聊天群和网上谈论，不拍照、不截图外传。

三、留守、困境、心理等情况不张贴、不点名；要公开的只能是数字。

四、账号只自己用；离开座位就隐藏屏幕，用完就退出；打印的纸收好，用完销毁。

五、孩子有生命危险、受到侵害，或者法律要求的时候，马上按规定报告，这不算泄密。

六、调岗、离职以后，仍然保密。"""


def upgrade() -> None:
    op.create_table('post',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('code', sa.String(length=40), nullable=False),
    sa.Column('name', sa.String(length=40), nullable=False),
    sa.Column('answers_for', sa.String(length=200), nullable=True),
    sa.Column('clause_id', sa.String(length=10), nullable=True),
    sa.Column('span', sa.Enum('school', 'grade', 'class', name='postspan', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('is_sole', sa.Boolean(), nullable=False),
    sa.Column('role', sa.Enum('lead', 'counsellor', 'homeroom', 'subject_teacher', 'mentor', 'leadership', 'finance', 'supervisor', 'admin', name='role', native_enum=False, create_constraint=True, length=40), nullable=True),
    sa.Column('is_needed', sa.Boolean(), nullable=False),
    sa.Column('place', sa.Integer(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint("role IS NULL OR span = 'school'", name=op.f('ck_post_role_of_school')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_post')),
    sa.UniqueConstraint('code', name=op.f('uq_post_code'))
    )
    op.create_table('care_group',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.Enum('leading', 'mental_health', 'nurturing', 'prevention', 'joint_conference', 'grade', 'class', 'left_behind', 'support', 'research', 'supervision', 'other', name='groupkind', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('name', sa.String(length=40), nullable=False),
    sa.Column('grade', sa.Integer(), nullable=True),
    sa.Column('class_id', sa.Integer(), nullable=True),
    sa.Column('seat', sa.String(length=20), nullable=False),
    sa.Column('wanted_roles', sa.String(length=400), nullable=False),
    sa.Column('from_day', sa.Date(), nullable=False),
    sa.Column('to_day', sa.Date(), nullable=True),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint('to_day IS NULL OR to_day >= from_day', name=op.f('ck_care_group_ends_after_start')),
    sa.ForeignKeyConstraint(['class_id'], ['school_class.id'], name=op.f('fk_care_group_class_id_school_class'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_care_group'))
    )
    with op.batch_alter_table('care_group', schema=None) as batch_op:
        batch_op.create_index('uq_care_group_kind', ['kind', 'seat'], unique=True, sqlite_where=sa.text("kind <> 'other' AND to_day IS NULL"), postgresql_where=sa.text("kind <> 'other' AND to_day IS NULL"))

    op.create_table('deputy',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('absent_id', sa.Integer(), nullable=False),
    sa.Column('deputy_id', sa.Integer(), nullable=False),
    sa.Column('from_day', sa.Date(), nullable=False),
    sa.Column('to_day', sa.Date(), nullable=False),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint('absent_id <> deputy_id', name=op.f('ck_deputy_somebody_else')),
    sa.CheckConstraint('to_day >= from_day', name=op.f('ck_deputy_ends_after_start')),
    sa.ForeignKeyConstraint(['absent_id'], ['app_user.id'], name=op.f('fk_deputy_absent_id_app_user'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['deputy_id'], ['app_user.id'], name=op.f('fk_deputy_deputy_id_app_user'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_deputy')),
    sa.UniqueConstraint('absent_id', 'from_day', name=op.f('uq_deputy_absent_id_from_day'))
    )
    with op.batch_alter_table('deputy', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_deputy_deputy_id'), ['deputy_id'], unique=False)

    op.create_table('pledge_text',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('body', sa.String(length=5000), nullable=False),
    sa.Column('written_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('written_by_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['written_by_id'], ['app_user.id'], name=op.f('fk_pledge_text_written_by_id_app_user'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_pledge_text'))
    )
    op.create_table('post_holder',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('post_id', sa.Integer(), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('grade', sa.Integer(), nullable=True),
    sa.Column('class_id', sa.Integer(), nullable=True),
    sa.Column('seat', sa.String(length=20), nullable=False),
    sa.Column('is_sole', sa.Boolean(), nullable=False),
    sa.Column('from_day', sa.Date(), nullable=False),
    sa.Column('to_day', sa.Date(), nullable=True),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint('grade IS NULL OR class_id IS NULL', name=op.f('ck_post_holder_one_place')),
    sa.CheckConstraint('to_day IS NULL OR to_day >= from_day', name=op.f('ck_post_holder_ends_after_start')),
    sa.ForeignKeyConstraint(['class_id'], ['school_class.id'], name=op.f('fk_post_holder_class_id_school_class'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['post_id'], ['post.id'], name=op.f('fk_post_holder_post_id_post'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['user_id'], ['app_user.id'], name=op.f('fk_post_holder_user_id_app_user'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_post_holder'))
    )
    with op.batch_alter_table('post_holder', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_post_holder_user_id'), ['user_id'], unique=False)
        batch_op.create_index('uq_post_holder_person', ['post_id', 'seat', 'user_id'], unique=True, sqlite_where=sa.text('to_day IS NULL'), postgresql_where=sa.text('to_day IS NULL'))
        batch_op.create_index('uq_post_holder_sole', ['post_id', 'seat'], unique=True, sqlite_where=sa.text('is_sole AND to_day IS NULL'), postgresql_where=sa.text('is_sole AND to_day IS NULL'))

    op.create_table('group_member',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('uid', sa.String(length=32), nullable=False),
    sa.Column('group_id', sa.Integer(), nullable=False),
    sa.Column('role', sa.Enum('head', 'deputy_head', 'overseer', 'moral_education', 'teaching', 'student_affairs', 'security', 'logistics', 'principals_office', 'next_generation', 'young_pioneers', 'counsellor', 'homeroom', 'secretary', 'member', 'expert', 'teacher', 'parent', 'pupil', 'peer_officer', name='grouprole', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=True),
    sa.Column('name_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('phone_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('from_day', sa.Date(), nullable=False),
    sa.Column('to_day', sa.Date(), nullable=True),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint('(user_id IS NULL) <> (name_sealed IS NULL)', name=op.f('ck_group_member_account_or_name')),
    sa.CheckConstraint('to_day IS NULL OR to_day >= from_day', name=op.f('ck_group_member_ends_after_start')),
    sa.ForeignKeyConstraint(['group_id'], ['care_group.id'], name=op.f('fk_group_member_group_id_care_group'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['user_id'], ['app_user.id'], name=op.f('fk_group_member_user_id_app_user'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_group_member')),
    sa.UniqueConstraint('uid', name=op.f('uq_group_member_uid'))
    )
    with op.batch_alter_table('group_member', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_group_member_group_id'), ['group_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_group_member_user_id'), ['user_id'], unique=False)
        batch_op.create_index('uq_group_member_head', ['group_id'], unique=True, sqlite_where=sa.text("role = 'head' AND to_day IS NULL"), postgresql_where=sa.text("role = 'head' AND to_day IS NULL"))
        batch_op.create_index('uq_group_member_person', ['group_id', 'role', 'user_id'], unique=True, sqlite_where=sa.text('to_day IS NULL AND user_id IS NOT NULL'), postgresql_where=sa.text('to_day IS NULL AND user_id IS NOT NULL'))

    op.create_table('pledge',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('school_year', sa.Integer(), nullable=False),
    sa.Column('text_id', sa.Integer(), nullable=False),
    sa.Column('accepted_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['text_id'], ['pledge_text.id'], name=op.f('fk_pledge_text_id_pledge_text'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['user_id'], ['app_user.id'], name=op.f('fk_pledge_user_id_app_user'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_pledge')),
    sa.UniqueConstraint('user_id', 'school_year', name=op.f('uq_pledge_user_id_school_year'))
    )

    _put_shipped_rows()


def _put_shipped_rows() -> None:
    names = ('code', 'name', 'answers_for', 'clause_id', 'span', 'is_sole', 'role', 'is_needed')
    post = sa.table(
        'post',
        *(sa.column(name, sa.String()) for name in ('code', 'name', 'answers_for', 'clause_id', 'span', 'role')),
        *(sa.column(name, sa.Boolean()) for name in ('is_sole', 'is_needed')),
        *(sa.column(name, sa.Integer()) for name in ('place', 'version')),
    )
    rows = [dict(zip(names, values)) | {'place': place, 'version': 1} for place, values in enumerate(POSTS)]
    op.bulk_insert(post, rows)
    text = sa.table('pledge_text', sa.column('body', sa.String()), sa.column('written_at', sa.DateTime(timezone=True)))
    op.bulk_insert(text, [{'body': PLEDGE, 'written_at': datetime(2026, 11, 22, tzinfo=timezone.utc)}])


def downgrade() -> None:
    op.drop_table('pledge')
    with op.batch_alter_table('group_member', schema=None) as batch_op:
        batch_op.drop_index('uq_group_member_person', sqlite_where=sa.text('to_day IS NULL AND user_id IS NOT NULL'), postgresql_where=sa.text('to_day IS NULL AND user_id IS NOT NULL'))
        batch_op.drop_index('uq_group_member_head', sqlite_where=sa.text("role = 'head' AND to_day IS NULL"), postgresql_where=sa.text("role = 'head' AND to_day IS NULL"))
        batch_op.drop_index(batch_op.f('ix_group_member_user_id'))
        batch_op.drop_index(batch_op.f('ix_group_member_group_id'))

    op.drop_table('group_member')
    with op.batch_alter_table('post_holder', schema=None) as batch_op:
        batch_op.drop_index('uq_post_holder_sole', sqlite_where=sa.text('is_sole AND to_day IS NULL'), postgresql_where=sa.text('is_sole AND to_day IS NULL'))
        batch_op.drop_index('uq_post_holder_person', sqlite_where=sa.text('to_day IS NULL'), postgresql_where=sa.text('to_day IS NULL'))
        batch_op.drop_index(batch_op.f('ix_post_holder_user_id'))

    op.drop_table('post_holder')
    op.drop_table('pledge_text')
    with op.batch_alter_table('deputy', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_deputy_deputy_id'))

    op.drop_table('deputy')
    with op.batch_alter_table('care_group', schema=None) as batch_op:
        batch_op.drop_index('uq_care_group_kind', sqlite_where=sa.text("kind <> 'other' AND to_day IS NULL"), postgresql_where=sa.text("kind <> 'other' AND to_day IS NULL"))

    op.drop_table('care_group')
    op.drop_table('post')
