"""The figures, and the bare-Streamlit reference they are compared with."""
