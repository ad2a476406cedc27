@echo off
rem not verified on Windows
chcp 65001 >nul
rem 还没有在 Windows 上实际试过（not verified on Windows）
cd /d "%~dp0"
set STARTER=python
where py >nul 2>nul && set STARTER=py -3
%STARTER% manage.py run %*
if errorlevel 1 pause
