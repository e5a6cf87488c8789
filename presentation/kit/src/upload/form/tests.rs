use super::*;

const FRAME_BYTES: usize = 16 * 1024;
const FILE: &str =
    "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.jpg\"\r\n\r\n";

/// A form whose frames are all there at once, and how many of them were taken.
async fn form(
    frames: impl Iterator<Item = Bytes> + Send + 'static,
) -> (FileForm, Arc<AtomicUsize>) {
    let taken = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&taken);
    let frames = frames.map(move |frame| {
        count.fetch_add(1, Ordering::Relaxed);
        Ok::<_, std::io::Error>(frame)
    });
    let request = Request::builder()
        .method("POST")
        .header("content-type", "multipart/form-data; boundary=b")
        .body(Body::from_stream(stream::iter(frames)))
        .unwrap();
    (FileForm::from_request(request, &()).await.unwrap(), taken)
}

/// A beginning, and then so many frames of nothing in particular.
fn and_so_on(begin: &'static str, frames: usize) -> impl Iterator<Item = Bytes> + Send {
    let rest = std::iter::repeat_n(Bytes::from(vec![b'x'; FRAME_BYTES]), frames);
    std::iter::once(Bytes::from(begin)).chain(rest)
}

#[tokio::test]
async fn a_hasty_sender_does_not_fill_the_memory() {
    let (mut form, taken) = form(and_so_on(FILE, 1_000)).await;
    let mut field = form.next_field().await.unwrap().unwrap();
    field.chunk().await.unwrap().unwrap();
    assert_eq!(taken.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn headers_and_preambles_without_end_are_refused() {
    let headers = "--b\r\nContent-Disposition: form-data; name=\"";
    for begin in [headers, "there is no boundary in this", "--b"] {
        let (mut form, taken) = form(and_so_on(begin, 1_000)).await;
        let error = form.next_field().await.unwrap_err();
        let taken = taken.load(Ordering::Relaxed);
        let frames_max = WAITING_BYTES_MAX / FRAME_BYTES + 2;
        assert!(taken <= frames_max, "{begin:?}: {taken} frames were taken");
        if begin != "--b" {
            assert_eq!(error.code(), ErrorCode::TooLarge, "{begin:?}");
        }
    }
}

#[tokio::test]
async fn the_headers_of_a_later_field_have_the_bound_too() {
    let begin = "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--b\r\nContent-Disposition: ";
    let (mut form, _) = form(and_so_on(begin, 1_000)).await;
    let mut field = form.next_field().await.unwrap().unwrap();
    assert_eq!(field.chunk().await.unwrap().unwrap(), "1");
    assert!(field.chunk().await.unwrap().is_none());
    drop(field);
    let error = form.next_field().await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::TooLarge);
}

#[tokio::test]
async fn frames_of_many_fields_are_taken_when_they_are_needed() {
    let field = "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n";
    let frame = Bytes::from(field.repeat(100));
    let (mut form, taken) = form(std::iter::repeat_n(frame, 1_000)).await;
    for _ in 0..99 {
        let mut field = form.next_field().await.unwrap().unwrap();
        while field.chunk().await.unwrap().is_some() {}
    }
    assert_eq!(taken.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_form_is_read_whatever_its_frames_are() {
    let file = "a\r\n--picture\r\n".repeat(20_000);
    let text = format!(
        "{FILE}{file}\r\n--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--b--\r\n"
    );
    for frame_bytes in [1, 7, FRAME_BYTES, text.len()] {
        let bytes = Bytes::from(text.clone());
        let frames = (0..bytes.len())
            .step_by(frame_bytes)
            .map(move |from| bytes.slice(from..bytes.len().min(from + frame_bytes)));
        let (mut form, _) = form(frames).await;
        let mut read = Vec::new();
        while let Some(mut field) = form.next_field().await.unwrap() {
            while let Some(chunk) = field.chunk().await.unwrap() {
                read.extend_from_slice(&chunk);
            }
        }
        assert!(read == format!("{file}1").as_bytes(), "{frame_bytes}");
    }
}

#[tokio::test]
async fn a_form_that_breaks_off_is_not_whole() {
    let (mut form, _) = form(and_so_on(FILE, 3)).await;
    let mut field = form.next_field().await.unwrap().unwrap();
    let error = loop {
        match field.chunk().await {
            Ok(chunk) => assert!(chunk.is_some()),
            Err(error) => break error,
        }
    };
    assert_eq!(error.code(), ErrorCode::Invalid);
}
