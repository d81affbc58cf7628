package dev.holdfast.admission;

import java.nio.charset.StandardCharsets;

/**
 * What goes back over HTTP.
 *
 * @param status 200, 400, 405, 413 or 415
 * @param contentType of the body
 * @param body an AdmissionReview, or for other statuses a short text
 */
record Answer(int status, String contentType, byte[] body) {
  static Answer review(byte[] body) {
    return new Answer(200, "application/json", body);
  }

  static Answer refusal(int status, String text) {
    return new Answer(
        status, "text/plain; charset=utf-8", (text + "\n").getBytes(StandardCharsets.UTF_8));
  }
}
