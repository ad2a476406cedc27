"""First run: the one-time code from the server's screen, then school, term and the first two accounts."""

import streamlit as st

from db.transactions import reading, transaction
from services import accounts, passwords, recovery, setup
from services.errors import DomainError, FieldErrors
from services.passwords import NewPassword
from ui import navigation
from ui.first_run import draw_claim_form, draw_what_follows
from ui.forms import Form
from ui.layout import Action, empty_state, field, field_error, form_end, note, page_header, side_column
from ui.messages import explain
from ui.problems import problem_sentence
from ui.recovery_sheet import has_sheet, keep_sheet, show_sheet
from ui.sign_in import FORM_WIDTH, draw_heading
from ui.slips import has_slip, keep_slip, show_slip

CODE = "care_claim_code"  # the code somebody has proved to know; outlives a rerun, not a reload
CODE_CHANGED = "care_claim_code_changed"


def ask_for_code() -> None:
    """Draw the one question that comes before everything else."""
    with st.container(horizontal_alignment="center"), st.container(width=FORM_WIDTH):
        draw_heading("第一次使用")
        with st.form("claim_code"):
            with field():
                code = st.text_input(
                    "一次性启用码", key="claim_code_code", placeholder="例如 ABCD-EFGH", autocomplete="off", live=True
                )
                refusal = st.container()
                if CODE_CHANGED in st.session_state:
                    field_error(st.session_state.pop(CODE_CHANGED))
            sent = st.form_submit_button("继续", type="primary", width="stretch", key="claim_code_submit")
        note("启用码写在服务器的屏幕上，启动时显示。重新启动会换一个新的。", icon="terminal")
        note("谁有这个码，谁就能建第一个管理账号，请不要给别人看。", icon="lock")
    if not sent:
        return
    try:
        check_code(code)
    except FieldErrors as error:
        sentence = problem_sentence(error.problems["code"])
    except DomainError as error:
        sentence = explain(error)
    else:
        st.session_state[CODE] = code
        st.rerun()
    with refusal:
        field_error(sentence)


def check_code(code: str) -> None:
    """Compare the code; a miss is committed before it is refused."""
    address = st.context.ip_address
    with transaction() as session:
        missed = setup.check_code(session, code=code, address=address)
    if missed is not None:
        raise setup.WrongClaimCode(missed)


def claim(request: setup.ClaimRequest) -> NewPassword:
    """Check, hash (slow, so outside of any transaction), and set everything up at once."""
    with reading() as session:
        setup.check_claim(session, request=request)
    lead_prepared, admin_hash = accounts.prepare_password(), passwords.hash_password(request.admin_password)
    code = st.session_state[CODE]
    try:
        with transaction() as session:
            return setup.claim(session, code=code, request=request, admin_hash=admin_hash, lead_prepared=lead_prepared)
    except setup.WrongClaimCode as error:  # the server was started again meanwhile: back to the first question
        del st.session_state[CODE]
        st.session_state[CODE_CHANGED] = explain(error)
        raise


with reading() as session:
    state = setup.state(session)

if has_sheet():
    page_header("抄好恢复单", "密钥坏了、机器没了，有备份和这张单子就能找回来。抄好以后核对两组。")
    if show_sheet(school_name=state.school_name):
        st.rerun()
    st.stop()
if has_slip():
    page_header("都设好了", "把下面的第一次密码交给关爱室负责人，然后用您自己的账号登录。")
    if show_slip(school_name=state.school_name, button="抄好了，去登录"):
        st.switch_page(navigation.path_of(navigation.HOME))
    st.stop()
if state.is_claimed:
    page_header("开始使用")
    if empty_state(
        "task_alt", "这里已经设好了", "学校和账号都有了，直接用就行。", actions=[Action("去工作台", "claimed_home")]
    ):
        st.switch_page(navigation.path_of(navigation.HOME))
    st.stop()
if CODE not in st.session_state:
    ask_for_code()
    st.stop()

page_header("开始使用", "填好这三块，学校就可以用了。以后都能改。")
form = Form("claim")
form.notices()
left, right = side_column()
with left:
    request = draw_claim_form(form)
    with form_end():
        submitted = st.button("设好这所学校", type="primary", icon=":material/check:", key="claim_submit")
with right:
    draw_what_follows(request)

if submitted:
    with st.spinner("正在准备…"):
        slip = form.try_first(lambda: claim(request))
    if CODE not in st.session_state:
        st.rerun()
    if slip is not None:
        keep_slip(slip, name=request.lead_name.strip())
        keep_sheet(recovery.sheet_of_new_school())
        form.cancel()
        st.query_params.clear()
        st.rerun()
