// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "net/plain_answer.h"

#include <curl/curl.h>

#include <algorithm>
#include <utility>

#include "util/text.h"

namespace tocsin {
namespace {

constexpr std::size_t kMostHeaders = 500;
constexpr std::uint32_t kMostHeaderBytes = 128 * 1024;  // all header lines of an answer together

PlainAnswer::Step step_of(http_errno error) noexcept {
  switch (error) {
    case HPE_HEADER_OVERFLOW:
    case HPE_CB_header_field: return PlainAnswer::Step::head_too_large;
    case HPE_INVALID_CHUNK_SIZE:
    case HPE_STRICT: return PlainAnswer::Step::bad_chunk;
    default: return PlainAnswer::Step::not_http;
  }
}

}  // namespace

struct PlainAnswer::Glue {
  static PlainAnswer& of(http_parser* parser) { return *static_cast<PlainAnswer*>(parser->data); }

  static int on_status(http_parser* parser, const char* data, std::size_t size) {
    if (of(parser).request_->want_headers) of(parser).value_.append(data, size);
    return 0;
  }

  static int on_field(http_parser* parser, const char* data, std::size_t size) {
    PlainAnswer& answer = of(parser);
    answer.take_status_line();
    if (answer.in_value_) answer.take_header();
    answer.name_.append(data, size);
    const HttpResponse& response = *answer.response_;
    return response.headers.size() + response.trailers.size() > kMostHeaders ? 1 : 0;
  }

  static int on_value(http_parser* parser, const char* data, std::size_t size) {
    of(parser).in_value_ = true;
    of(parser).value_.append(data, size);
    return 0;
  }

  static int on_headers(http_parser* parser) {
    PlainAnswer& answer = of(parser);
    answer.take_status_line();
    answer.take_header();
    answer.headers_done_ = true;
    const bool no_body = answer.request_->method == "HEAD" || parser->status_code == 304;
    return no_body ? 1 : 0;
  }

  static int on_body(http_parser* parser, const char* data, std::size_t size) {
    PlainAnswer& answer = of(parser);
    HttpResponse& response = *answer.response_;
    const std::size_t taken = std::min(size, answer.request_->body_limit - response.body_size);
    if (answer.request_->want_body) response.body.append(data, taken);
    response.body_size += taken;
    if (taken == size) return 0;
    response.body_cut = true;
    answer.done_ = true;
    http_parser_pause(parser, 1);
    return 0;
  }

  static int on_complete(http_parser* parser) {
    PlainAnswer& answer = of(parser);
    answer.take_header();  // a trailer
    if (parser->status_code / 100 == 1 && parser->status_code != 101) {
      answer.response_->headers.clear();
      answer.response_->status_line.clear();
      answer.response_->status = 0;
      answer.location_.clear();
      answer.status_done_ = answer.headers_done_ = false;
      return 0;
    }
    answer.done_ = true;
    http_parser_pause(parser, 1);
    return 0;
  }

  static const http_parser_settings& settings() {
    static const http_parser_settings kSettings = [] {
      http_parser_set_max_header_size(kMostHeaderBytes);
      http_parser_settings out;
      http_parser_settings_init(&out);
      out.on_status = &on_status;
      out.on_header_field = &on_field;
      out.on_header_value = &on_value;
      out.on_headers_complete = &on_headers;
      out.on_body = &on_body;
      out.on_message_complete = &on_complete;
      return out;
    }();
    return kSettings;
  }
};

void PlainAnswer::begin(const HttpRequest& request, HttpResponse& response) {
  request_ = &request;
  response_ = &response;
  http_parser_init(&parser_, HTTP_RESPONSE);
  parser_.data = this;
  parser_.lenient_http_headers = 1;
  parser_.allow_chunked_length = 1;
  head_bytes_ = 0;
  last_ = '\0';
  in_value_ = status_done_ = headers_done_ = done_ = false;
  location_.clear();
  name_.clear();
  value_.clear();
}

PlainAnswer::Step PlainAnswer::take(const char* data, std::size_t size) {
  const std::size_t used = http_parser_execute(&parser_, &Glue::settings(), data, size);
  // RFC 9110 section 15: three digits. The parser takes one or two for a status as well.
  if (status_done_ && response_->status < 100) return Step::not_http;
  if (done_ || parser_.upgrade != 0) return Step::done;
  if (size == 0) {
    if (last_ == '\n') take_status_line();  // that much has come, at least
    return Step::ended;
  }
  last_ = data[size - 1];
  const auto error = static_cast<http_errno>(parser_.http_errno);
  if (error != HPE_OK || used != size) return step_of(error);
  // The parser bounds the head of one answer; interim ones may go on for ever.
  if (!headers_done_) head_bytes_ += size;
  return head_bytes_ > kMostHeaderBytes ? Step::head_too_large : Step::more;
}

void PlainAnswer::take_status_line() {
  if (std::exchange(status_done_, true)) return;
  response_->status = static_cast<int>(parser_.status_code);
  response_->version =
      std::to_string(parser_.http_major) + "." + std::to_string(parser_.http_minor);
  if (request_->want_headers) {
    response_->status_line =
        "HTTP/" + response_->version + " " + std::to_string(parser_.status_code);
    if (!value_.empty()) response_->status_line += " " + value_;
  }
  value_.clear();
}

// The line that has just ended, if there was one.
void PlainAnswer::take_header() {
  if (name_.empty()) return;
  const std::string_view value = trim(value_);
  if (request_->want_headers) {
    (headers_done_ ? response_->trailers : response_->headers).emplace_back(name_, value);
  }
  if (!headers_done_ && curl_strequal(name_.c_str(), "location") != 0) location_ = value;
  name_.clear();
  value_.clear();
  in_value_ = false;
}

}  // namespace tocsin
