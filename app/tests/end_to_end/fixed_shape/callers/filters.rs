//! What only the account itself may do with filters.

use business_graph_gateway::{
    AddFilteredPostRequest, CreateFilterRequest, DeleteFilterRequest, GetReadingFiltersRequest,
    Graph, ListFiltersRequest, RemoveFilteredPostRequest, UpdateFilterRequest,
};
use infra_rpc::Contract;

use super::{Call, calls};

pub(super) fn of_who_filters() -> Vec<(String, Call)> {
    calls! {
        dyn Graph {
            create_filter(owner_id => CreateFilterRequest { owner_id, ..Default::default() });
            update_filter(owner_id => UpdateFilterRequest { owner_id, ..Default::default() });
            delete_filter(owner_id => DeleteFilterRequest { owner_id, ..Default::default() });
            add_filtered_post(owner_id => AddFilteredPostRequest { owner_id, ..Default::default() });
            remove_filtered_post(owner_id => RemoveFilteredPostRequest { owner_id, ..Default::default() });
            list_filters(owner_id => ListFiltersRequest { owner_id });
            get_reading_filters(owner_id => GetReadingFiltersRequest { owner_id });
        }
    }
}
