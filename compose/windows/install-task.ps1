# Starts the scanner whenever this user logs on, and again when it ends. Not yet tried.
#   powershell -ExecutionPolicy Bypass -File install-task.ps1 -Coordinator wss://fediward.example.org -TokenFile C:\fediward\token
param(
    [Parameter(Mandatory = $true)] [string] $Coordinator,
    [Parameter(Mandatory = $true)] [string] $TokenFile,
    [string] $Folder = "$env:LOCALAPPDATA\fediward"
)
$ErrorActionPreference = "Stop"

$scanner = Join-Path $Folder "Scripts\fediward-scanner.exe"
if (-not (Test-Path $scanner)) { throw "$scanner is not there: install the scanner into $Folder first (compose/README.md)." }

# The token stays in its file: the arguments of a task can be read by others.
$arguments = "run --coordinator `"$Coordinator`" --token-file `"$TokenFile`""
$action = New-ScheduledTaskAction -Execute $scanner -Argument $arguments -WorkingDirectory $Folder
$trigger = New-ScheduledTaskTrigger -AtLogOn -User "$env:USERDOMAIN\$env:USERNAME"
$settings = New-ScheduledTaskSettingsSet -AllowStartIfOnBatteries -DontStopIfGoingOnBatteries `
    -ExecutionTimeLimit ([TimeSpan]::Zero) -RestartCount 999 -RestartInterval (New-TimeSpan -Minutes 1) `
    -MultipleInstances IgnoreNew
Register-ScheduledTask -TaskName "Fediward scanner" -Action $action -Trigger $trigger -Settings $settings -Force | Out-Null
Start-ScheduledTask -TaskName "Fediward scanner"
Write-Output "The task 'Fediward scanner' runs; 'fediward-scanner doctor' beside it tells whether all is well."
