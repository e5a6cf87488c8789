//! One post for one viewer, as it is about to be shown where posts come by themselves.

use std::collections::HashMap;

use business_graph_gateway::Relationship;
use business_posts_gateway::{GetPostHeadsRequest, PostHead, PostId};
use infra_kernel::{AccountId, Context, Result};

use super::Reader;
use crate::card::Shown;
use crate::rules::{Place, ViewerRelation, may_see};

impl Reader {
    /// A post as the viewer is shown it in this place; none when it is not shown there.
    ///
    /// # Errors
    /// When a domain is unavailable.
    pub async fn shown_in(
        &self,
        place: Place,
        context: &Context,
        viewer: AccountId,
        id: PostId,
    ) -> Result<Option<Shown>> {
        let ids = vec![id.get()];
        let mut shown = self.posts_in(place, context, Some(viewer), ids).await?;
        Ok(shown.pop())
    }

    /// Whether a viewer may be told in this place that a post has gone which was like this: only
    /// those may who would be shown it.
    ///
    /// # Errors
    /// When a domain is unavailable.
    pub async fn was_shown_in(
        &self,
        place: Place,
        context: &Context,
        viewer: AccountId,
        head: &PostHead,
    ) -> Result<bool> {
        let authors = [head.author_id, head.reshare_of_author_id];
        let authors = authors.into_iter().filter(|id| *id != 0).collect();
        let known = self.relationships(context, Some(viewer), authors).await?;
        if !may_see(&relation_to(viewer, head, &known), place, head) {
            return Ok(false);
        }
        if head.reshare_of_id == 0 {
            return Ok(true);
        }
        let original = self.reshared_by(context, head).await?;
        let relation = relation_to(viewer, &original, &known);
        Ok(may_see(&relation, place.of_reshared(), &original))
    }

    /// What a reshare showed again. Where that has gone, too, it was for those whom the reshare was
    /// for.
    async fn reshared_by(&self, context: &Context, reshare: &PostHead) -> Result<PostHead> {
        let ids = vec![reshare.reshare_of_id];
        let request = GetPostHeadsRequest { ids };
        let reply = self.gateways.posts.get_post_heads(context, request).await?;
        let gone = || PostHead {
            id: reshare.reshare_of_id,
            author_id: reshare.reshare_of_author_id,
            visibility: reshare.visibility,
            ..PostHead::default()
        };
        Ok(reply.heads.into_iter().next().unwrap_or_else(gone))
    }
}

fn relation_to(
    viewer: AccountId,
    head: &PostHead,
    known: &HashMap<u64, Relationship>,
) -> ViewerRelation {
    let author = AccountId::new(head.author_id);
    ViewerRelation::of(Some(viewer), author, known.get(&head.author_id))
}
