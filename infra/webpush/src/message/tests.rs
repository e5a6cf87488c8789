use super::*;
use crate::decode;

fn bytes(text: &str) -> Vec<u8> {
    decode(text).unwrap()
}

fn sealed(recipient: &Recipient, message: &[u8], coding: Coding, key: &str, salt: &str) -> Sealed {
    let key = PrivateKey::from_private_key(&ECDH_P256, &bytes(key)).unwrap();
    let salt = bytes(salt).try_into().unwrap();
    recipient.seal_with(message, coding, &key, salt).unwrap()
}

#[test]
fn the_standard_is_that_of_rfc_8291() {
    // Its appendix A.
    let recipient = Recipient::new(
        &bytes(
            "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
        ),
        &bytes("BTBZMqHH6r4Tts7J_aSIgg"),
    );
    let sealed = sealed(
        &recipient.unwrap(),
        b"When I grow up, I want to be a watermelon",
        Coding::Aes128Gcm,
        "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw",
        "DGv6ra1nlYgDCS1FRnbzlw",
    );
    let expected = "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6Tlz\
        AC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN";
    assert_eq!(encode(sealed.body), expected);
    assert_eq!(sealed.in_headers, None);
}

#[test]
fn the_draft_is_the_fourth() {
    // Its section 5.
    let recipient = Recipient::new(
        &bytes(
            "BCEkBjzL8Z3C-oi2Q7oE5t2Np-p7osjGLg93qUP0wvqRT21EEWyf0cQDQcakQMqz4hQKYOQ3il2nNZct4HgAUQU",
        ),
        &bytes("R29vIGdvbyBnJyBqb29iIQ"),
    );
    let sealed = sealed(
        &recipient.unwrap(),
        b"I am the walrus",
        Coding::AesGcm,
        "nCScek-QpEjmOOlT-rQ38nZzvdPlqa00Zy0i6m2OJvY",
        "lngarbyKfMoi9Z75xYXmkg",
    );
    assert_eq!(
        encode(sealed.body),
        "6nqAQUME8hNqw5J3kl8cpVVJylXKYqZOeseZG8UueKpA"
    );
    let (salt, key) = sealed.in_headers.unwrap();
    assert_eq!(salt, "lngarbyKfMoi9Z75xYXmkg");
    assert_eq!(
        key,
        "BNoRDbb84JGm8g5Z5CFxurSqsXWJ11ItfXEWYVLE85Y7CYkDjXsIEc4aqxYaQ1G8BqkXCJ6DPpDrWtdWj_mugHU"
    );
}

#[test]
fn a_message_that_fits_makes_a_body_that_fits_and_no_two_are_alike() {
    let key = PrivateKey::generate(&ECDH_P256).unwrap();
    let key = key.compute_public_key().unwrap();
    let recipient = Recipient::new(key.as_ref(), &[7; SECRET_BYTES]).unwrap();
    let longest = vec![b'a'; MESSAGE_BYTES_MAX];
    for coding in [Coding::Aes128Gcm, Coding::AesGcm] {
        let sealed = recipient.seal(&longest, coding).unwrap();
        assert!(sealed.body.len() <= BODY_BYTES_MAX);
        assert_ne!(recipient.seal(&longest, coding).unwrap().body, sealed.body);
        let longer = vec![b'a'; MESSAGE_BYTES_MAX + 1];
        let refused = recipient.seal(&longer, coding);
        assert_eq!(refused.unwrap_err(), WebPushError::TooLong);
    }
}

#[test]
fn what_is_no_point_and_what_is_no_secret_is_refused() {
    let key = PrivateKey::generate(&ECDH_P256).unwrap();
    let key = key.compute_public_key().unwrap();
    let mut beside = key.as_ref().to_vec();
    beside[64] ^= 1;
    let mut other_form = key.as_ref().to_vec();
    other_form[0] = 6;
    for no_point in [&beside[..], &other_form, &key.as_ref()[..64], &[4; 65], &[]] {
        let refused = Recipient::new(no_point, &[7; SECRET_BYTES]);
        assert_eq!(refused.unwrap_err(), WebPushError::Key);
    }
    let refused = Recipient::new(key.as_ref(), &[7; 15]);
    assert_eq!(refused.unwrap_err(), WebPushError::Secret);
}
