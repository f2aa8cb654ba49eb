//! Using a limited key.

use std::sync::Arc;

use jeton_core::api_key::ApiKey;
use jeton_core::api_key::lease::{Share, lease, take_back};
use jeton_core::api_key::uses::{self, Uses};
use jeton_core::id::{Actor, ApiKeyId};
use jeton_core::moment::Moment;
use jeton_core::record::{Value, Versioned};

use super::leases::{Lease, Place, Unused};
use super::read::damaged;
use crate::failure::Failure;
use crate::service::Service;
use crate::transact::{ATTEMPTS, failure};

impl Service {
    /// Takes one use of a limited key, and says how many are left; `None`: none was.
    ///
    /// # Errors
    /// [`Failure`] when no block can be had: nobody knows then whether the key may be used.
    pub(super) async fn take_use(&self, key: &ApiKey, max_uses: i64, moment: &Moment) -> Result<Option<i64>, Failure> {
        let (place, unused) = self.leases.of(key.id, self.ledger_time(moment).seconds());
        if !unused.is_empty() {
            self.take_back(&unused).await;
        }
        let lease = match place {
            Place::Block(lease) => lease,
            Place::Full(turn) => {
                let _turn = turn.lock().await;
                let (granted, leased) = self.lease_uses(key.id, Share::One, moment).await?;
                return Ok((granted > 0).then(|| (max_uses - leased).max(0)));
            }
        };
        let _turn = loop {
            self.be_durable_before_a_use().await.map_err(failure)?;
            if let Some(left) = self.take_of(&lease, max_uses).await? {
                return Ok(Some(left));
            }
            if lease.is_used_up(max_uses) {
                return Ok(None);
            }
            let turn = lease.turn.lock().await;
            if lease.is_empty() {
                break turn;
            }
            // Somebody fetched a block meanwhile: out of the turn, so that nobody waits for the target one after the other.
        };
        // Boxed, as all that a check seldom needs.
        let mut committed = (0, 0);
        let leasing = Box::pin(self.lease_block(key.id, Share::Block, &mut committed, moment)).await;
        let (granted, leased) = committed;
        if matches!(leasing, Err(Failure::Unshipped)) {
            // It is handed out here: asked again, it is not handed out once more.
            lease.put_by(granted, leased);
        }
        leasing?;
        if granted == 0 {
            lease.note_used_up(max_uses);
            return Ok(None);
        }
        Ok(Some(lease.add(granted, leased, max_uses)))
    }

    /// Takes one use of a block. One that no target has yet is given out by nobody: it may have been put by since the target was asked.
    async fn take_of(&self, lease: &Lease, max_uses: i64) -> Result<Option<i64>, Failure> {
        let Some(left) = lease.take(max_uses) else { return Ok(None) };
        if let Err(unshipped) = self.be_durable_before_a_use().await {
            lease.give_back();
            return Err(failure(unshipped));
        }
        Ok(Some(left))
    }

    /// Hands out the next block of a key: how many uses, and how many in all.
    async fn lease_uses(&self, id: ApiKeyId, share: Share, moment: &Moment) -> Result<(i64, i64), Failure> {
        let mut committed = (0, 0);
        self.lease_block(id, share, &mut committed, moment).await?;
        Ok(committed)
    }

    /// The same; what was decided is said also where the commit is here, and not where it is to be kept too.
    async fn lease_block(&self, id: ApiKeyId, share: Share, committed: &mut (i64, i64), moment: &Moment) -> Result<(), Failure> {
        for _ in 0..ATTEMPTS {
            let (found, uses) = (self.find_key(id).await?, self.uses(id).await?);
            let granted = self
                .attempt(moment, &Arc::from(""), |reading, moment| {
                    reading.rely_on_key(&found.key);
                    reading.rely_on_uses(id, uses.as_ref());
                    let outcome = lease(&found.key.record, uses.as_ref().map(|uses| &uses.record), share, &Actor::system(), moment);
                    let granted = outcome.verdict.as_ref().copied().unwrap_or(0);
                    *committed = (granted, uses.as_ref().map_or(0, |uses| uses.record.leased) + granted);
                    Ok(outcome)
                })
                .await?;
            if granted.is_some() {
                return Ok(());
            }
        }
        Err(Failure::Contended)
    }

    /// Takes back what is left of blocks that gave way. What cannot be written down now is lost, as by a crash.
    async fn take_back(&self, unused: &Unused) {
        if let Err(failure) = self.write_back(unused).await {
            let uses: i64 = unused.iter().map(|(_, uses)| uses).sum();
            tracing::warn!(%failure, keys = unused.len(), uses, "uses of limited keys that were handed out and not used are lost");
        }
    }

    async fn write_back(&self, unused: &Unused) -> Result<(), Failure> {
        let moment = self.moments.now();
        for _ in 0..ATTEMPTS {
            let mut found = vec![];
            for (key, left) in unused {
                found.extend(self.uses(*key).await?.map(|uses| (uses, *left)));
            }
            let written = self
                .attempt(&moment, &Arc::from(""), |reading, moment| {
                    found.iter().for_each(|(uses, _)| reading.rely_on_uses(uses.record.key, Some(uses)));
                    let found: Vec<(Uses, i64)> = found.into_iter().map(|(uses, left)| (uses.record, left)).collect();
                    Ok(take_back(&found, &Actor::system(), moment))
                })
                .await?;
            if written.is_some() {
                return Ok(());
            }
        }
        Err(Failure::Contended)
    }

    /// How many uses of a key were handed out.
    pub(super) async fn uses(&self, id: ApiKeyId) -> Result<Option<Versioned<Uses>>, Failure> {
        let Some(row) = self.fetch(&uses::TABLE, Value::Id(id.0)).await? else { return Ok(None) };
        Ok(Some(Versioned { version: row.version, record: Uses::from_row(&row.record).map_err(damaged)? }))
    }
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::sync::Weak;
    use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

    use jeton_core::administrator::Administrator;
    use jeton_core::api::create::CreateApi;
    use jeton_core::api_key::create::CreateKey;
    use jeton_core::commit::Sequence;
    use jeton_core::moment::Time;
    use jeton_core::owner::Owner;
    use jeton_core::root_key::RootKeys;
    use jeton_oauth::Issuer;
    use jeton_store::memory::MemoryStore;
    use jeton_store::schema::SCHEMA;
    use jeton_token::Prefix;
    use tokio::runtime::Builder;
    use zeroize::Zeroizing;

    use super::*;
    use crate::Parts;
    use crate::durability::{Durability, Keeps};
    use crate::keys::leases::Leases;
    use crate::moments::Moments;
    use crate::registry::LoadError;

    /// A service with room for the blocks of so many keys, and its clock in seconds.
    struct Shop {
        service: Service,
        clock: Arc<AtomicI64>,
    }

    impl Shop {
        async fn with_room(room: usize) -> Shop {
            let (clock, throws) = (Arc::new(AtomicI64::new(1_800_000_000)), AtomicI64::new(0));
            let reads = clock.clone();
            let dice = move || {
                let mut seed = [0; 32];
                seed[..8].copy_from_slice(&throws.fetch_add(1, Ordering::SeqCst).to_be_bytes());
                seed
            };
            let parts = Parts {
                issuer: Issuer::parse("https://issuer.example").unwrap(),
                prefix: Prefix::default(),
                root_keys: RootKeys::new([(1, Zeroizing::new([7; 32]))]).unwrap(),
                moments: Moments::new(move || Time::from_seconds(reads.load(Ordering::SeqCst)), dice),
                spawn: None,
                cached_credentials: 8,
                negatives_image: None,
                on_lost: Box::new(|fault| panic!("{fault}")),
            };
            let opened = Service::open::<LoadError>(parts, |subscriber| Ok(MemoryStore::new(&SCHEMA, [3; 32], subscriber)));
            let service = Service { leases: Leases::with_room(room), ..opened.unwrap() };
            service.set_up(&service.moments.now()).await.unwrap();
            let api = CreateApi { audience: "urn:orders".to_owned(), ..CreateApi::default() };
            service.create_api(&api, &Actor::system(), &service.moments.now()).await.unwrap();
            Shop { service, clock }
        }

        async fn key(&self, max_uses: i64) -> ApiKey {
            let request = CreateKey { max_uses: Some(max_uses), ..CreateKey::new(Owner::External("a".into()), "a") };
            let by = Administrator::of_everything(Actor::system());
            self.service.create_key(&request, ("urn:orders", None), &by, &self.service.moments.now()).await.unwrap().key
        }

        async fn take(&self, key: &ApiKey) -> Option<i64> {
            self.service.take_use(key, key.max_uses.unwrap(), &self.service.moments.now()).await.unwrap()
        }

        /// Uses a key until it is used up: how often that was.
        async fn use_up(&self, key: &ApiKey) -> i64 {
            let mut uses = 0;
            while self.take(key).await.is_some() {
                uses += 1;
            }
            uses
        }
    }

    /// A target that has everything, or nothing.
    struct Target(AtomicBool);

    impl Durability for Target {
        fn reached(&self, _: u64) -> Pin<Box<dyn Future<Output = bool> + Send + '_>> {
            Box::pin(std::future::ready(self.0.load(Ordering::SeqCst)))
        }

        fn knows_of_start(&self) -> Pin<Box<dyn Future<Output = bool> + Send + '_>> {
            Box::pin(std::future::ready(true))
        }

        fn keeps(&self) -> Keeps {
            if self.0.load(Ordering::SeqCst) { Keeps::Everything } else { Keeps::TheStart }
        }
    }

    /// A target that is there, or answers after a while that it is not.
    struct Slow {
        is_away: AtomicBool,
    }

    impl Slow {
        async fn answer(&self) -> bool {
            for _ in 0..64 {
                tokio::task::yield_now().await;
            }
            !self.is_away.load(Ordering::SeqCst)
        }
    }

    impl Durability for Slow {
        fn reached(&self, _: Sequence) -> Pin<Box<dyn Future<Output = bool> + Send + '_>> {
            Box::pin(self.answer())
        }

        fn knows_of_start(&self) -> Pin<Box<dyn Future<Output = bool> + Send + '_>> {
            Box::pin(self.answer())
        }

        fn keeps(&self) -> Keeps {
            if self.is_away.load(Ordering::SeqCst) { Keeps::Nothing } else { Keeps::Everything }
        }
    }

    fn run(test: impl Future<Output = ()>) {
        Builder::new_current_thread().build().unwrap().block_on(test);
    }

    #[test]
    fn without_room_each_use_is_a_commit_and_none_is_lost() {
        run(async {
            let shop = Shop::with_room(0).await;
            let key = shop.key(100).await;
            let before = shop.service.store.head().size;
            assert_eq!((shop.take(&key).await, shop.take(&key).await), (Some(99), Some(98)));
            assert_eq!(shop.service.store.head().size - before, 2);
            assert_eq!(shop.use_up(&key).await, 98);
            let size = shop.service.store.head().size;
            assert_eq!((shop.take(&key).await, shop.service.store.head().size), (None, size), "what is used up writes nothing");
        });
    }

    #[test]
    fn a_block_that_nobody_uses_gives_way_and_nothing_of_it_is_lost() {
        run(async {
            let shop = Shop::with_room(1).await;
            let (one, other) = (shop.key(160).await, shop.key(160).await);
            assert_eq!((shop.take(&one).await, shop.take(&one).await), (Some(159), Some(158)));
            // It is in use: the other one has none.
            shop.clock.fetch_add(3_599, Ordering::SeqCst);
            assert_eq!((shop.take(&other).await, shop.take(&other).await), (Some(159), Some(158)));
            assert_eq!(shop.service.uses(other.id).await.unwrap().unwrap().record.leased, 2);
            shop.clock.fetch_add(1, Ordering::SeqCst);
            assert_eq!(shop.take(&other).await, Some(157));
            assert_eq!(shop.service.uses(one.id).await.unwrap().unwrap().record.leased, 2, "what was left came back");
            assert_eq!(shop.service.uses(other.id).await.unwrap().unwrap().record.leased, 2 + 9, "a block");
            assert_eq!((shop.use_up(&one).await, shop.use_up(&other).await), (158, 157));
        });
    }

    #[test]
    fn a_block_that_the_target_has_not_is_given_out_once_it_has_and_not_another_one() {
        run(async {
            let shop = Shop::with_room(2).await;
            let (key, other) = (shop.key(160).await, shop.key(160).await);
            let target = Arc::new(Target(AtomicBool::new(true)));
            let weak: Weak<Target> = Arc::downgrade(&target);
            shop.service.narrow_durably(weak, true);
            assert_eq!(shop.take(&other).await, Some(159));
            target.0.store(false, Ordering::SeqCst);
            for _ in 0..3 {
                let refused = shop.service.take_use(&key, 160, &shop.service.moments.now()).await;
                assert!(matches!(refused, Err(Failure::Unshipped)), "{refused:?}");
            }
            let leased = async || shop.service.uses(key.id).await.unwrap().unwrap().record.leased;
            assert_eq!(leased().await, 10, "one block, however often it was asked for");
            target.0.store(true, Ordering::SeqCst);
            assert_eq!((shop.take(&key).await, leased().await), (Some(159), 10));
            assert_eq!(shop.use_up(&key).await, 159);
        });
    }

    /// A restore would take the end before that start for the end.
    #[test]
    fn no_use_is_given_out_after_a_start_that_the_target_has_not_heard_of() {
        run(async {
            let shop = Shop::with_room(2).await;
            let key = shop.key(160).await;
            let target = Arc::new(Slow { is_away: AtomicBool::new(true) });
            let kept: Arc<dyn Durability> = target.clone();
            shop.service.narrow_durably(Arc::downgrade(&kept), false);
            for _ in 0..3 {
                let refused = shop.service.take_use(&key, 160, &shop.service.moments.now()).await;
                assert!(matches!(refused, Err(Failure::Unshipped)), "{refused:?}");
            }
            target.is_away.store(false, Ordering::SeqCst);
            assert_eq!(shop.take(&key).await, Some(159));
            target.is_away.store(true, Ordering::SeqCst);
            assert_eq!(shop.use_up(&key).await, 159, "from then on nobody waits for it");
        });
    }

    #[test]
    fn who_waited_for_a_block_that_no_target_has_is_given_none_of_it() {
        run(async {
            let shop = Arc::new(Shop::with_room(1).await);
            let key = shop.key(160).await;
            let target = Arc::new(Slow { is_away: AtomicBool::new(false) });
            let kept: Arc<dyn Durability> = target.clone();
            shop.service.narrow_durably(Arc::downgrade(&kept), true);
            shop.service.be_durable_by_now().await.unwrap();
            target.is_away.store(true, Ordering::SeqCst);
            let mut checks = tokio::task::JoinSet::new();
            for _ in 0..10 {
                let (shop, key) = (shop.clone(), key.clone());
                checks.spawn(async move { shop.service.take_use(&key, 160, &shop.service.moments.now()).await });
            }
            while let Some(check) = checks.join_next().await {
                assert!(matches!(check.unwrap(), Err(Failure::Unshipped)));
            }
            target.is_away.store(false, Ordering::SeqCst);
            assert_eq!(shop.use_up(&key).await, 160, "nothing of it is lost");
        });
    }
}
