// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// Mail by SMTP. A thread is made by RFC 5322's references alone: every mail of a thread key answers
// one message whose id is a hash of the key, and which need not exist. So nothing has to be
// remembered, and a thread survives restarts, lost state and deleted mails. Gmail compares subjects
// too, therefore a thread's subject stays the same unless the user wants the state in it.
//
// A repeat has the Message-ID of the first attempt; many mailboxes show such a pair once, but no
// standard makes them, so the sender is not told that repeats are recognised.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "net/smtp.h"
#include "net/stream.h"
#include "notify/http_sink.h"
#include "notify/mail_message.h"
#include "notify/notifier.h"
#include "notify/sink_json.h"
#include "notify/sink_text.h"
#include "notify/types.h"
#include "notify/webhook_url.h"
#include "notify/wording.h"
#include "util/text.h"

namespace tocsin {
namespace {

constexpr std::size_t kMostRecipients = 100;  // RFC 5321, 4.5.3.1.8: what every server takes
constexpr std::size_t kLongestWords = 200;
constexpr std::size_t kLongestSubject = 200;
constexpr std::size_t kShownRecipients = 3;
// Amazon SES takes one a second from a new account; no reader wants them faster.
constexpr Millis kSpacing{1000};
// A greeting may be held back on purpose for half a minute.
constexpr std::chrono::seconds kTimeout{30};

struct EmailSettings {
  SmtpServer server;
  Mailbox from;
  std::vector<Mailbox> to;
  std::vector<Mailbox> cc;
  bool subject_has_state = false;
  std::string subject_prefix;
  Millis timeout{};
  Wording wording;
  std::vector<std::string> secrets;
};

std::string domain_of(const Mailbox& box) {
  return box.address.substr(box.address.find('@') + 1);
}

// The same for all mails of a key from this sender, and for no others.
std::string thread_id(const EmailSettings& settings, const std::string& key) {
  if (key.empty()) return {};
  const std::string hash = sha256_hex(settings.from.address + "\n" + key).substr(0, 40);
  return hash + ".thread@" + domain_of(settings.from);
}

std::string subject(const EmailSettings& settings, const Delivery& delivery, const Words& words) {
  const std::string key = printable(delivery.notification.thread_key, kLongestSubject);
  const bool by_key = !settings.subject_has_state && !key.empty();
  const std::string text = by_key ? key : printable(words.title, kLongestSubject);
  return settings.subject_prefix.empty() ? text : settings.subject_prefix + " " + text;
}

bool is_urgent(const Message& message) noexcept {
  return message.kind == Kind::down || (message.kind == Kind::digest && message.to == State::down);
}

std::string join(const std::vector<Mailbox>& boxes) {
  std::string out;
  for (std::size_t i = 0; i < std::min(boxes.size(), kShownRecipients); ++i) {
    out += (i == 0 ? "" : ", ") + boxes[i].address;
  }
  if (boxes.size() > kShownRecipients) {
    out += " and " + std::to_string(boxes.size() - kShownRecipients) + " more";
  }
  return out;
}

std::string place_of(const SmtpServer& server) {
  StreamTarget target;
  target.host = server.host;
  target.port = server.port;
  return show(target);
}

// What the service's words mean for whoever runs Tocsin.
std::string_view hint_for(const SmtpAnswer& answer) {
  if (answer.command == "AUTH") return "check user and password";
  if (answer.code == 530) return "the server wants a login: set user and password, or tls";
  if (answer.command == "MAIL FROM") return "may this user or host send as 'from'?";
  if (answer.code == 552) return "the mailbox is full";
  if (answer.command == "STARTTLS") return "the server cannot do TLS now";
  return {};
}

class Email final : public Notifier {
 public:
  explicit Email(EmailSettings settings) : settings_(std::move(settings)) {}

  asio::awaitable<Outcome> send(const Delivery& delivery) const override {
    const Mail mail = make_mail(delivery);
    SmtpServer server = settings_.server;
    SmtpMail envelope;
    envelope.from = settings_.from.address;
    for (const auto* list : {&settings_.to, &settings_.cc}) {
      for (const Mailbox& box : *list) envelope.to.push_back(box.address);
    }
    envelope.data = write_mail(mail);
    const SmtpMeans means{delivery.resolver, delivery.workers};
    const SteadyTime deadline = delivery.clock.steady() + settings_.timeout;
    const SmtpAnswer answer =
        co_await send_mail(std::move(server), std::move(envelope), means, deadline);
    Outcome outcome = outcome_of_reply(answer);
    if (outcome.what == Outcome::What::sent) outcome.message_ref = mail.message_id;
    co_return outcome;
  }

  Pace pace() const override {
    return {"email:" + place_of(settings_.server) + " " + settings_.from.address, kSpacing, false};
  }
  std::string sink() const override {
    return join(settings_.to) + " by " + place_of(settings_.server);
  }

 private:
  Mail make_mail(const Delivery& delivery) const {
    const Notification& notification = delivery.notification;
    const Message& message = *notification.message;
    Mail mail;
    mail.from = settings_.from;
    mail.to = settings_.to;
    mail.cc = settings_.cc;
    mail.words = words_of(delivery, settings_.wording);
    mail.subject = subject(settings_, delivery, mail.words);
    const bool plain = is_plain_ref(notification.uid, "-");
    mail.message_id =
        (plain ? notification.uid : sha256_hex(notification.uid)) + "@" + domain_of(settings_.from);
    mail.thread_id = thread_id(settings_, notification.thread_key);
    mail.date = delivery.clock.wall();
    mail.urgent = is_urgent(message);
    mail.facts = {{"X-Tocsin-Kind", std::string(to_string(message.kind))},
                  {"X-Tocsin-Instance", message.instance},
                  {"X-Tocsin-Check", message.check},
                  {"X-Tocsin-Thread", notification.thread_key}};
    if (message.incident > 0) {
      mail.facts.emplace_back("X-Tocsin-Incident", std::to_string(message.incident));
    }
    return mail;
  }

  // The server's words, made fit for people; never the password, should it be quoted.
  std::string shown(const std::string& words) const {
    if (gives_away(words, settings_.secrets)) {
      return words.substr(0, 3) + " (the server's words hold the password and are left out)";
    }
    return printable(words, kLongestWords);
  }

  Outcome outcome_of_reply(const SmtpAnswer& answer) const {
    using What = Outcome::What;
    Outcome outcome;
    switch (answer.how) {
      case SmtpAnswer::How::taken:
        outcome.what = What::sent;
        for (const auto& [who, words] : answer.not_for) {
          outcome.reason +=
              (outcome.reason.empty() ? "not told: " : "; ") + who + ": " + shown(words);
        }
        break;
      case SmtpAnswer::How::refused: {
        outcome.what = answer.code < 500 ? What::later : What::rejected;
        outcome.reason = shown(answer.words) + " (to " + answer.command + ")";
        const std::string_view hint = hint_for(answer);
        if (!hint.empty()) outcome.reason += ": " + std::string(hint);
        break;
      }
      case SmtpAnswer::How::no_starttls:
        outcome.what = What::rejected;
        outcome.reason = "the server offers no STARTTLS: set tls to tls, or to none";
        break;
      case SmtpAnswer::How::no_login:
        outcome.what = What::rejected;
        outcome.reason =
            "the server offers neither of the ways to log in that Tocsin knows: PLAIN, LOGIN";
        break;
      case SmtpAnswer::How::failed:
        outcome.reason = printable(answer.error_text, kLongestWords);
        outcome.in_doubt = answer.in_doubt;
        break;
    }
    return outcome;
  }

  EmailSettings settings_;
};

// --- settings
// ------------------------------------------------------------------------------------

std::vector<Mailbox> parse_list(Settings& settings, std::string_view key) {
  std::vector<Mailbox> out;
  for (const std::string& text : settings.list(key)) {
    const auto box = parse_mailbox(text);
    if (box) {
      out.push_back(*box);
    } else {
      settings.error(key, std::string(key) +
                              " takes addresses such as ops@example.net or \"Ops "
                              "<ops@example.net>\", in ASCII");
    }
  }
  return out;
}

Mailbox parse_from(Settings& settings) {
  const std::string text = settings.text("from");
  if (text.empty()) {
    settings.error("from", "from is missing: whom the mails come from, such as tocsin@example.net");
    return {};
  }
  const auto box = parse_mailbox(text);
  if (!box) {
    settings.error("from", "from is no address such as tocsin@example.net, in ASCII");
  }
  return box.value_or(Mailbox{});
}

bool is_this_host(const std::string& host) {
  const bool v4 = host.find_first_not_of("0123456789.") == std::string::npos;
  return host == "localhost" || host == "::1" || (v4 && host.starts_with("127."));
}

std::string parse_host_name(Settings& settings, std::string_view key) {
  std::string name = settings.text(key);
  const bool ascii =
      std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c <= '~'; });
  if (!name.empty() && (!ascii || !is_host(name))) {
    settings.error(key, std::string(key) + " is no host's name or address, in ASCII");
  }
  return name;
}

void parse_login(Settings& settings, EmailSettings& email) {
  SmtpServer& server = email.server;
  server.user = settings.text("user");
  const Secret password = settings.secret("password");
  if (is_unresolved(password.reveal())) return;
  server.password = password.reveal();
  const auto has_controls = [](const std::string& text) {
    return std::any_of(text.begin(), text.end(),
                       [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; });
  };
  if (has_controls(server.user)) settings.error("user", "user holds control characters");
  if (has_controls(server.password)) {
    settings.error("password", "password holds control characters (a line break at its end?)");
  }
  if (server.user.empty() != server.password.empty()) {
    settings.error(server.user.empty() ? "user" : "password",
                   server.user.empty() ? "password needs a user" : "user needs a password");
  }
  if (server.password.empty()) return;
  const std::string plain = std::string(1, '\0') + server.user + std::string(1, '\0');
  email.secrets = {server.password, mail_base64(server.password),
                   mail_base64(plain + server.password)};
}

void parse_server(Settings& settings, EmailSettings& email) {
  SmtpServer& server = email.server;
  server.host = parse_host_name(settings, "host");
  if (server.host.empty()) {
    settings.error("host", "host is missing: the server that takes mail, such as mail.example.net");
  }
  const std::string tls = settings.choice("tls", {"starttls", "tls", "none"}, "starttls");
  std::int64_t usual = 587;  // submission (RFC 6409)
  if (tls == "tls") {
    server.tls = SmtpServer::Tls::tls;
    usual = 465;
  }
  if (tls == "none") {
    server.tls = SmtpServer::Tls::none;
    usual = 25;
  }
  server.port = static_cast<std::uint16_t>(settings.integer("port", usual, {1, 65535}));
  server.ca_file = settings.text("ca_file");
  if (!server.ca_file.empty() && access(server.ca_file.c_str(), R_OK) != 0) {
    settings.warn("ca_file", "the file cannot be read now");
  }
  server.hello = parse_host_name(settings, "hello");
  parse_login(settings, email);
  if (server.tls != SmtpServer::Tls::none || is_this_host(server.host)) return;
  if (server.user.empty()) {
    settings.warn("tls", "without TLS, whoever sees the traffic can read the mails");
  } else {
    settings.error("tls", "a password is not sent without TLS to another host");
  }
}

std::shared_ptr<const Notifier> parse_email(Settings& settings) {
  EmailSettings email;
  parse_server(settings, email);
  email.from = parse_from(settings);
  email.to = parse_list(settings, "to");
  email.cc = parse_list(settings, "cc");
  if (email.to.empty()) settings.error("to", "to is missing: who gets the mails");
  if (email.to.size() + email.cc.size() > kMostRecipients) {
    settings.error("to", "more than 100 recipients; a mailing list serves better");
  }
  email.subject_has_state = settings.choice("subject", {"thread", "state"}, "thread") == "state";
  email.subject_prefix = printable(settings.text("subject_prefix", "[tocsin]"), kLongestSubject);
  email.timeout =
      settings.duration("timeout", kTimeout, {std::chrono::seconds{1}, std::chrono::seconds{90}});
  email.wording = parse_wording(settings);
  return std::make_shared<Email>(std::move(email));
}

}  // namespace

const NotifierType kEmailNotifier{
    "email", "", "mail by SMTP: one thread a check by References, and by an unchanging subject",
    parse_email};

}  // namespace tocsin
