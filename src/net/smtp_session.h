// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <array>
#include <asio/io_context.hpp>
#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "net/curl_engine.h"
#include "net/curl_tls.h"
#include "net/smtp.h"

struct curl_slist;

namespace tocsin {

// One mail over one connection to one address: a libcurl transfer that blocks. Belongs to the
// thread that runs it until `answered`; then `answer` and `connected` may be read.
struct SmtpSession {
  SmtpServer server;
  SmtpMail mail;
  std::string connect_to;  // CURLOPT_CONNECT_TO's entry; empty: the host is an address
  std::string address;     // for people
  SteadyTime deadline{};
  Millis connect_limit{0};
  Millis limit{0};  // for people: the time there was

  SmtpAnswer answer;
  std::atomic<bool> answered{false};
  bool connected = false;

  void run();

 private:
  struct Glue;
  struct FreeList {
    void operator()(curl_slist* list) const noexcept;
  };
  using List = std::unique_ptr<curl_slist, FreeList>;

  void configure(void* easy);
  void configure_tls(void* easy);
  bool add_recipients();
  void on_command(std::string_view line);
  void on_reply(std::string_view line);
  void judge(void* easy, int code);
  void explain(void* easy, int code);
  void choose_refusal();
  bool judge_by_reply(int code);

  asio::io_context loop_{1};  // never run: it holds the trusted issuers
  HttpRequest request_;
  HttpResponse response_;
  std::optional<Exchange> exchange_;
  CurlTls tls_;
  List to_;
  List route_;
  std::array<char, 256> error_{};  // CURL_ERROR_SIZE
  int own_error_ = 0;

  std::string command_ = "the connection";
  std::string words_;        // of the reply that is being read, or was read last
  int code_ = 0;             // of that reply, once it is complete
  std::size_t said_ = 0;     // bytes that the server has said
  std::size_t replies_ = 0;  // to RCPT TO
  std::size_t given_ = 0;    // bytes of the mail that libcurl has taken
  bool all_given_ = false;
  bool quitting_ = false;  // what is said from now on says nothing about the mail
};

}  // namespace tocsin
