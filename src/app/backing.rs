use serenity::async_trait;

use crate::{
    actions::Actions,
    discord::session::{Backing, Counts},
    incident::action::{Act, Verdict},
    intake::own,
    store::{State, Store, inbox, meta, outbox},
};

/// What the session needs of the store.
pub(super) struct StoreBacking {
    pub(super) store: Store,
    pub(super) actions: Actions,
}

#[async_trait]
impl Backing for StoreBacking {
    async fn recall(&self, key: &str) -> Result<Option<String>, String> {
        let key = key.to_owned();
        self.store.read(move |conn| meta::get(conn, &key)).await.map_err(|error| error.to_string())
    }

    async fn remember(&self, key: &str, value: &str) -> Result<(), String> {
        let (key, value) = (key.to_owned(), value.to_owned());
        self.store.write(move |conn| meta::set(conn, &key, &value)).await.map_err(|error| error.to_string())
    }

    async fn counts(&self) -> Result<Counts, String> {
        let counts = self.store.read(|conn| {
            let outbox = outbox::counts(conn)?;
            let of =
                |state| outbox.iter().filter(|(one, _)| *one == state).map(|(_, n)| n.unsigned_abs()).sum();
            Ok(Counts {
                inbox_pending: inbox::counts(conn)?.pending.unsigned_abs(),
                outbox_pending: of(State::Pending),
                outbox_parked: of(State::Parked),
            })
        });
        counts.await.map_err(|error| error.to_string())
    }

    async fn act(&self, act: Act) -> Result<Verdict, String> {
        self.actions.perform(act).await.map_err(|error| error.to_string())
    }

    async fn forbidden(&self, act: Act) -> Result<(), String> {
        self.actions.forbidden(act).await.map_err(|error| error.to_string())
    }

    async fn complain(&self, text: String) -> Result<(), String> {
        self.store.accept(own::complaint("Vigie", &text)).await.map(|_| ()).map_err(|error| error.to_string())
    }
}
