//! Codes that may be good yet: looked for among the last ones, since none lives long, and there may be a day of them.

use jeton_core::grant::code::{AuthorizationCode, Sent, TABLE};
use jeton_core::id::least_of;
use jeton_core::moment::Time;
use jeton_core::policy::{AUTHORIZATION_CODE, DEVICE_CODE, LEEWAY_SECONDS};
use jeton_core::record::Value;
use jeton_store::store::View;

use crate::failure::Failure;
use crate::keys::read::damaged;

/// How many rows are read at once.
const STEP: usize = 512;

/// Lends each code that is not over and that somebody said yes by, also those that were exchanged; `each` says whether to go on.
pub(crate) fn live_codes(view: &dyn View, now: i64, each: &mut dyn FnMut(AuthorizationCode) -> bool) -> Result<(), Failure> {
    // An answer to a device is as old as the question by its id.
    let longest = AUTHORIZATION_CODE.max_seconds.max(DEVICE_CODE.max_seconds).saturating_add(LEEWAY_SECONDS);
    let above = vec![Value::Id(least_of(Time::from_seconds(now.saturating_sub(longest))))];
    let mut after = None;
    loop {
        let rows = view.walk(&TABLE, Some(&above), after.as_ref(), STEP)?;
        for row in &rows {
            let code = AuthorizationCode::from_row(&row.record).map_err(damaged)?;
            if now < code.expires_at && code.sent != Sent::Denied && !each(code) {
                return Ok(());
            }
        }
        match rows.into_iter().last() {
            Some(last) => after = Some(last.record),
            None => return Ok(()),
        }
    }
}
