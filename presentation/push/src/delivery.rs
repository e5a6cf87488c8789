//! One push: read, encrypted, sent, settled.

use http::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use infra_kernel::{AccountId, Error, ErrorCode};
use infra_outbound::{Address, Reply};
use infra_webpush::{Coding, Recipient, Sealed};
use product_notifications_gateway::{NotificationId, Push, PushOutcome, SettlePushRequest};

use crate::{CALL_TIME_MAX, PushSender, message};

const TTL: HeaderName = HeaderName::from_static("ttl");
const URGENCY: HeaderName = HeaderName::from_static("urgency");
const ENCRYPTION: HeaderName = HeaderName::from_static("encryption");
const CRYPTO_KEY: HeaderName = HeaderName::from_static("crypto-key");

/// What became of a push, and when to try it again, in seconds.
type Landed = (PushOutcome, u32);

impl PushSender {
    pub(crate) async fn deliver(&self, push: Push) {
        let (outcome, retry_after_s) = match self.send(&push).await {
            Ok(landed) => landed,
            Err(error) => {
                tracing::warn!(%error, causes = error.causes(), "a push could not be made");
                (PushOutcome::Retry, 0)
            }
        };
        let request = SettlePushRequest {
            subscription_id: push.subscription_id,
            notification_id: push.notification_id,
            outcome: outcome.into(),
            retry_after_s,
        };
        let context = self.context.with_budget(CALL_TIME_MAX);
        let notifications = &self.surface.gateways.notifications;
        if let Err(error) = notifications.settle_push(&context, request).await {
            // It is due again when its time is over, and may be sent twice.
            tracing::warn!(%error, causes = error.causes(), "a push was not settled");
        }
    }

    async fn send(&self, push: &Push) -> Result<Landed, Error> {
        let dropped = Ok((PushOutcome::Dropped, 0));
        // Looked at again: it was taken in with the settings of that time.
        let Ok(address) = Address::parse(&push.endpoint, self.outbound) else {
            return dropped;
        };
        let Some(message) = self.message(push).await? else {
            return dropped;
        };
        let coding = match push.standard {
            true => Coding::Aes128Gcm,
            false => Coding::AesGcm,
        };
        let recipient = Recipient::new(&push.p256dh, &push.auth).map_err(Error::internal)?;
        let sealed = recipient.seal(&message, coding).map_err(Error::internal)?;
        let headers = headers(push, coding, &sealed)?;
        let reply = self.client.post(&address, headers, sealed.body).await;
        match reply {
            Ok(reply) => Ok(landed(&push.host, &reply)),
            Err(error) => {
                let cause: &dyn std::error::Error = &error;
                tracing::info!(host = push.host, cause, "a push service did not reply");
                Ok((PushOutcome::Retry, 0))
            }
        }
    }

    /// What the account is told, as it sees it now; none when it does not.
    async fn message(&self, push: &Push) -> Result<Option<Vec<u8>>, Error> {
        let context = self.context.with_budget(CALL_TIME_MAX);
        let account = AccountId::new(push.account_id);
        let id = NotificationId::new(push.notification_id);
        match self
            .surface
            .reader
            .notification(&context, account, id)
            .await
        {
            Ok(told) => message::write(&self.surface.site, &told).map(Some),
            Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn headers(push: &Push, coding: Coding, sealed: &Sealed) -> Result<HeaderMap, Error> {
    let text = |text: String| HeaderValue::from_str(&text).map_err(Error::internal);
    let (token, key) = (&push.token, &push.server_key);
    let mut headers = HeaderMap::new();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/octet-stream"),
    );
    headers.insert(CONTENT_ENCODING, HeaderValue::from_static(coding.name()));
    headers.insert(TTL, push.ttl_s.into());
    headers.insert(URGENCY, HeaderValue::from_static("normal"));
    match &sealed.in_headers {
        None => {
            headers.insert(AUTHORIZATION, text(format!("vapid t={token}, k={key}"))?);
        }
        // Of the same age as the draft that it is encrypted by.
        Some((salt, own_key)) => {
            headers.insert(AUTHORIZATION, text(format!("WebPush {token}"))?);
            headers.insert(ENCRYPTION, text(format!("salt={salt}"))?);
            let keys = format!("dh={own_key};p256ecdsa={key}");
            headers.insert(CRYPTO_KEY, text(keys)?);
        }
    }
    Ok(headers)
}

fn landed(host: &str, reply: &Reply) -> Landed {
    let status = reply.status;
    let outcome = match status {
        _ if status.is_success() => PushOutcome::Delivered,
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => PushOutcome::Retry,
        _ if status.is_server_error() => PushOutcome::Retry,
        // Another one may be shorter.
        StatusCode::PAYLOAD_TOO_LARGE => PushOutcome::Dropped,
        // It knows the subscription no more, or would refuse the next one as well.
        _ if status.is_client_error() => PushOutcome::Gone,
        _ => PushOutcome::Dropped,
    };
    if outcome != PushOutcome::Delivered {
        tracing::info!(
            host,
            status = status.as_u16(),
            "a push service refused a push"
        );
    }
    (outcome, retry_after_s(&reply.headers))
}

/// When to come again, in seconds. The form with a date is not read: then the usual pause is made.
fn retry_after_s(headers: &HeaderMap) -> u32 {
    let given = headers
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok());
    given.and_then(|text| text.trim().parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: u16, retry_after: &'static str) -> Reply {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, HeaderValue::from_static(retry_after));
        Reply {
            status: StatusCode::from_u16(status).unwrap(),
            headers,
            body: Default::default(),
        }
    }

    #[test]
    fn what_a_push_service_says_is_heeded() {
        for (status, expected) in [
            (200, PushOutcome::Delivered),
            (201, PushOutcome::Delivered),
            (202, PushOutcome::Delivered),
            (307, PushOutcome::Dropped),
            (400, PushOutcome::Gone),
            (401, PushOutcome::Gone),
            (403, PushOutcome::Gone),
            (404, PushOutcome::Gone),
            (408, PushOutcome::Retry),
            (410, PushOutcome::Gone),
            (413, PushOutcome::Dropped),
            (429, PushOutcome::Retry),
            (500, PushOutcome::Retry),
            (503, PushOutcome::Retry),
        ] {
            assert_eq!(landed("h", &reply(status, "7")), (expected, 7), "{status}");
        }
        for other in [
            "",
            "soon",
            "Wed, 21 Oct 2026 07:28:00 GMT",
            "-1",
            "99999999999",
        ] {
            assert_eq!(landed("h", &reply(429, other)).1, 0, "{other}");
        }
    }

    #[test]
    fn each_coding_has_the_headers_of_its_time() {
        let push = Push {
            token: "t".into(),
            server_key: "k".into(),
            ttl_s: 60,
            ..Push::default()
        };
        let standard = Sealed {
            body: Vec::new(),
            in_headers: None,
        };
        let standard = headers(&push, Coding::Aes128Gcm, &standard).unwrap();
        assert_eq!(standard[AUTHORIZATION], "vapid t=t, k=k");
        assert_eq!(standard[CONTENT_ENCODING], "aes128gcm");
        assert_eq!(
            (&standard[TTL], &standard[URGENCY]),
            (&60.into(), &"normal".parse().unwrap())
        );
        assert!(!standard.contains_key(CRYPTO_KEY) && !standard.contains_key(ENCRYPTION));
        let draft = Sealed {
            body: Vec::new(),
            in_headers: Some(("s".into(), "d".into())),
        };
        let draft = headers(&push, Coding::AesGcm, &draft).unwrap();
        assert_eq!(draft[AUTHORIZATION], "WebPush t");
        assert_eq!(draft[CONTENT_ENCODING], "aesgcm");
        assert_eq!(draft[ENCRYPTION], "salt=s");
        assert_eq!(draft[CRYPTO_KEY], "dh=d;p256ecdsa=k");
    }
}
