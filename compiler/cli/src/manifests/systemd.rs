//! Units for systemd: a service for each program, and the socket that outlives it.

use super::{DRAIN_DELAY, Files, Program, Rollout};
use std::fmt::Write as _;

/// What a gateway does without: it opens sockets, and reads files that it is told.
const WITHOUT: &str = "\
DynamicUser=yes
NoNewPrivileges=yes
CapabilityBoundingSet=
ProtectSystem=strict
ProtectHome=yes
ProtectProc=invisible
ProcSubset=pid
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
PrivateTmp=yes
PrivateDevices=yes
PrivateUsers=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
UMask=0077
";

/// For each program a service, its socket, on ports from 8080 on, and a file for its environment.
pub(crate) fn systemd(rollout: &Rollout<'_>) -> Files {
    let mut files = Files::new();
    for (program, (port, operator)) in rollout.programs.iter().zip((8080_u16..).zip(9090_u16..)) {
        let name = &program.name;
        files.insert(format!("{name}.service"), service(rollout, program, operator));
        files.insert(format!("{name}.socket"), socket(name, port));
        files.insert(format!("{name}.env"), environment(rollout));
    }
    files
}

fn service(rollout: &Rollout<'_>, program: &Program, operator: u16) -> String {
    let Program { name, drain, grace, .. } = program;
    let folder = &rollout.folder;
    format!(
        "[Unit]\n\
         Description=Gateway {name}\n\
         Wants=network-online.target\n\
         After=network-online.target\n\
         Requires={name}.socket\n\
         After={name}.socket\n\n\
         [Service]\n\
         Type=notify\n\
         EnvironmentFile=/etc/{}/{name}.env\n\
         Environment=OPERATOR=127.0.0.1:{operator} DRAIN_DELAY={DRAIN_DELAY}s DRAIN_LIMIT={drain}s\n\
         ExecStartPre={folder}/{name} --check\n\
         ExecStart={folder}/{name}\n\
         WatchdogSec=30\n\
         Restart=always\n\
         RestartSec=1\n\
         TimeoutStopSec={grace}\n\
         LimitNOFILE=65536\n\
         {WITHOUT}\n\
         [Install]\n\
         WantedBy=multi-user.target\n",
        rollout.name
    )
}

fn socket(name: &str, port: u16) -> String {
    format!(
        "[Unit]\n\
         Description=Where gateway {name} is asked\n\n\
         [Socket]\n\
         ListenStream={port}\n\
         NoDelay=yes\n\
         Backlog=4096\n\n\
         [Install]\n\
         WantedBy=sockets.target\n"
    )
}

/// What the contract reads; what need not be set is commented out.
fn environment(rollout: &Rollout<'_>) -> String {
    let mut out = String::new();
    let wanted = rollout.wanted();
    let known = |name: &String| wanted.iter().any(|one| one.name == *name);
    for (name, value) in rollout.values.iter().filter(|(name, _)| !known(name)) {
        let _ = writeln!(out, "{name}={value}");
    }
    for one in wanted {
        let (name, about) = (one.name, one.about);
        let _ = match (rollout.values.get(&name), one.default) {
            (Some(value), _) => writeln!(out, "# {about}\n{name}={value}"),
            (None, None) => writeln!(out, "# {about}; must be set\n{name}="),
            (None, Some(default)) => writeln!(out, "# {about}\n# {name}={default}"),
        };
    }
    out
}
