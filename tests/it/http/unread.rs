//! Requests that cannot even be read are answered like every other failure.

use tokio::io::AsyncWriteExt;

use super::fixture::{Server, problem_in, rest_of, start};

async fn answer_to(server: &Server, request: &[u8]) -> String {
    let mut stream = server.connect().await;
    // The server may have answered and closed before it took all of this.
    let _ = stream.write_all(request).await;
    rest_of(&mut stream).await
}

#[tokio::test]
async fn what_is_no_request_is_malformed() {
    let server = start().await;
    for request in [
        "what is this\r\n\r\n",
        "GET /health HTTP/3.7\r\n\r\n",
        "GET /health HTTP/1.1\r\nno colon\r\n\r\n",
        "GET /health HTTP/1.1\r\na b: c\r\n\r\n",
        "GET /he\u{1}lth HTTP/1.1\r\n\r\n",
        "POST /health HTTP/1.1\r\ncontent-length: x\r\n\r\n",
        "POST /health HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
        "\u{16}\u{3}\u{1}\u{2}",
    ] {
        let answer = answer_to(&server, request.as_bytes()).await;
        problem_in(&answer, 400, "malformed_request");
    }
    let line = server.request_line().await;
    assert_eq!(line["status"], 400);
    assert_eq!(line["code"], "malformed_request");
    assert_eq!(line["client"], "127.0.0.1");
}

#[tokio::test]
async fn headers_that_are_too_many_or_too_long_are_refused_even_while_they_are_sent() {
    let server = start().await;
    let many = (0..200).fold(String::new(), |all, i| all + &format!("h{i}: x\r\n"));
    let long = format!("x: {}\r\n", "y".repeat(2_000_000));
    for headers in [many, long] {
        let request = format!("GET /health HTTP/1.1\r\n{headers}\r\n");
        let answer = answer_to(&server, request.as_bytes()).await;
        problem_in(&answer, 431, "headers_too_large");
    }
}

#[tokio::test]
async fn a_request_for_several_hosts_is_malformed_even_where_they_are_the_same() {
    let server = start().await;
    for hosts in [
        "host: a\r\nhost: b",
        "host: a\r\nHost: a",
        "host: a\r\nhost:",
    ] {
        let request = format!("GET /health HTTP/1.1\r\n{hosts}\r\nconnection: close\r\n\r\n");
        let answer = answer_to(&server, request.as_bytes()).await;
        let problem = problem_in(&answer, 400, "malformed_request");
        assert!(problem["detail"].as_str().unwrap().contains("`Host`"));
    }
    assert_eq!(server.request_line().await["code"], "malformed_request");
}

#[tokio::test]
async fn an_address_beyond_all_measure_is_too_long() {
    let server = start().await;
    for length in [9_000, 63_000] {
        let request = format!(
            "GET /{} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n",
            "a".repeat(length)
        );
        let answer = answer_to(&server, request.as_bytes()).await;
        problem_in(&answer, 414, "uri_too_long");
    }
}

#[tokio::test]
async fn a_second_request_that_cannot_be_read_spoils_nothing_of_the_first() {
    let server = start().await;
    let two = b"GET /health HTTP/1.1\r\nhost: a\r\n\r\nnonsense\r\n\r\n";
    let answers = answer_to(&server, two).await;
    assert!(answers.starts_with("HTTP/1.1 200"), "{answers}");
    let second = answers.rfind("HTTP/1.1 ").unwrap();
    problem_in(&answers[second..], 400, "malformed_request");
}

#[tokio::test]
async fn an_answer_that_breaks_off_does_not_look_whole() {
    let server = start().await;
    let request = b"GET /api/v1/broken HTTP/1.1\r\nhost: a\r\n\r\n";
    let answer = answer_to(&server, request).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.ends_with("the first part\r\n"), "{answer}");
}
