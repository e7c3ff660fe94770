//! The word that the city closes: said once, heard by listeners, connections and live streams.

use tokio::sync::watch;

/// Says that the city closes.
#[derive(Debug)]
pub struct ShutdownTrigger(watch::Sender<bool>);

/// Hears that the city closes.
#[derive(Clone, Debug)]
pub struct Shutdown(watch::Receiver<bool>);

/// A trigger and what hears it.
pub fn shutdown() -> (ShutdownTrigger, Shutdown) {
    let (sender, receiver) = watch::channel(false);
    (ShutdownTrigger(sender), Shutdown(receiver))
}

impl ShutdownTrigger {
    /// Begins the shutdown; everything that heard it ends what it can.
    pub fn begin(&self) {
        self.0.send_replace(true);
    }
}

impl Shutdown {
    /// Whether the city closes.
    pub fn is_begun(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until the city closes; a trigger that is dropped counts as said.
    pub async fn begun(&mut self) {
        // An error means that the trigger is gone, and with it the one who runs the city.
        let _ = self.0.wait_for(|begun| *begun).await;
    }
}
