//! This place: what it is called, what it takes.

mod counts;
mod show;

pub(crate) use counts::counts;
use presentation_kit::Api;
use presentation_kit::api::Describe;

use crate::entities::{Empty, InstanceV1, InstanceV2};

pub(crate) fn routes() -> Api {
    Api::new()
        .get(
            "/api/v2/instance",
            show::v2,
            Describe::new("Tells what this place is called and what it takes.")
                .returns::<InstanceV2>(),
        )
        .get(
            "/api/v1/instance",
            show::v1,
            Describe::new("Tells the same in the older form.").returns::<InstanceV1>(),
        )
        .get(
            "/api/v1/instance/rules",
            show::nothing,
            Describe::new("Lists the rules of this place; none can be set yet.").returns::<Empty>(),
        )
        .get(
            "/api/v1/instance/peers",
            show::nothing,
            Describe::new("Lists the servers known to this one; there are none yet.")
                .returns::<Empty>(),
        )
}
