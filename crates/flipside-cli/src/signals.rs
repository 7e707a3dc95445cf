//! Signals, as messages.

use std::sync::mpsc::Sender;
use std::thread;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGXFSZ};
use signal_hook::iterator::Signals;

use crate::failure::{Failure, say};

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    /// End in order: Ctrl-C, SIGTERM or a hung-up terminal; the number of the signal.
    Stop(i32),
    /// Print statistics: SIGUSR1.
    Statistics,
}

/// Sends signals as messages from now on. A second request to stop ends the process at once, with 130.
pub(crate) fn forward<T: Send + 'static>(
    to: Sender<T>,
    wrap: impl Fn(Signal) -> T + Send + 'static,
) -> Result<(), Failure> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGXFSZ])
        .map_err(|error| Failure::error(format_args!("cannot listen for signals: {error}")))?;
    thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || {
            let mut stopping = false;
            for signal in signals.forever() {
                let message = match signal {
                    SIGUSR1 => Signal::Statistics,
                    // A limit on file sizes: caught, so that the write fails instead, which is told.
                    SIGXFSZ => continue,
                    _ if stopping => {
                        say(format_args!(
                            "stopped at once: the journal is good up to its last block, not sealed"
                        ));
                        std::process::exit(130)
                    }
                    stop => {
                        stopping = true;
                        Signal::Stop(stop)
                    }
                };
                if to.send(wrap(message)).is_err() && !stopping {
                    return;
                }
            }
        })
        .map_err(|error| Failure::error(format_args!("cannot start a thread: {error}")))?;
    Ok(())
}
