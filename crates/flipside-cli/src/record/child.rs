//! A command whose output is recorded.

use std::io;
use std::path::Path;
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::Sender;
use std::thread;

use rustix::process::{Pid, Signal, kill_process};

use super::plan::ChildPlan;
use super::run::Event;
use crate::failure::Failure;

/// A running command.
#[derive(Debug)]
pub(super) struct Running {
    pid: Option<Pid>,
}

/// Whether a command can be found, before anything is done for its sake.
pub(super) fn check(plan: &ChildPlan) -> Result<(), Failure> {
    let name = Path::new(&plan.command[0]);
    let is_there = |path: &Path| path.is_file();
    let found = if name.components().count() > 1 {
        is_there(name)
    } else {
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&path).any(|folder| is_there(&folder.join(name)))
    };
    if found { Ok(()) } else { Err(cannot_start(plan, &io::ErrorKind::NotFound.into())) }
}

fn cannot_start(plan: &ChildPlan, error: &io::Error) -> Failure {
    Failure::error(format_args!("cannot start {}: {error}", plan.command[0].to_string_lossy()))
        .hint("check its name and that it is executable")
}

/// A running command and its two pipes.
pub(super) type Started = (Running, ChildStdout, ChildStderr);

/// Starts the command; its end is sent to `events`. Returns its two pipes.
pub(super) fn start(
    plan: &ChildPlan,
    stdin_is_ours: bool,
    events: Sender<Event>,
) -> Result<Started, Failure> {
    let (name, arguments) = (&plan.command[0], &plan.command[1..]);
    let failed = |error: io::Error| cannot_start(plan, &error);
    let mut command = Command::new(name);
    command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
    if stdin_is_ours {
        command.stdin(Stdio::null());
    }
    let mut child = command.spawn().map_err(failed)?;
    let pipes = child.stdout.take().zip(child.stderr.take());
    let (out, err) = pipes.ok_or_else(|| failed(io::Error::other("no pipes")))?;
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    thread::Builder::new()
        .name("child".to_owned())
        .spawn(move || {
            // The receiver may be gone by then: nobody waits for the child any more.
            let _ = events.send(Event::ChildEnded(await_end(&mut child)));
        })
        .map_err(failed)?;
    Ok((Running { pid }, out, err))
}

fn await_end(child: &mut Child) -> io::Result<ExitStatus> {
    child.wait()
}

impl Running {
    pub(super) fn pid(&self) -> Option<i32> {
        self.pid.map(Pid::as_raw_pid)
    }

    /// Passes a signal on. A child that has just ended does not mind.
    pub(super) fn signal(&self, number: i32) {
        let signal = Signal::from_named_raw(number).unwrap_or(Signal::TERM);
        if let Some(pid) = self.pid {
            let _ = kill_process(pid, signal);
        }
    }
}

/// The exit status as a shell would show it: 128 + signal where one ended it.
pub(super) fn shell_status(status: ExitStatus) -> u8 {
    use std::os::unix::process::ExitStatusExt;
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(crate::failure::ERROR)
}
