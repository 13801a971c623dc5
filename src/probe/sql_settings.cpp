// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "probe/sql_settings.h"

#include <Poco/Exception.h>
#include <Poco/URI.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "net/stream.h"
#include "util/text.h"

namespace tocsin {
namespace {

constexpr std::uint16_t kPostgresqlPort = 5432;
constexpr std::uint16_t kMysqlPort = 3306;
constexpr const char* kSystemAuthorities = "/etc/ssl/certs/ca-certificates.crt";

SqlDriver driver_of(std::string_view name) noexcept {
  if (name.starts_with("postgres")) return SqlDriver::postgresql;
  return name == "sqlite" ? SqlDriver::sqlite : SqlDriver::mysql;
}

// --- the URL
// ----------------------------------------------------------------------------------------

void take_userinfo(const std::string& userinfo, SqlQuestion& question) {
  const std::size_t colon = userinfo.find(':');
  std::string password;
  percent_decode(userinfo.substr(0, colon), question.user);
  if (colon != std::string::npos) percent_decode(userinfo.substr(colon + 1), password);
  question.password = Secret(std::move(password));
}

void take_url(Settings& settings, const std::string& url, SqlQuestion& question) {
  try {
    const Poco::URI uri(url);
    question.driver = driver_of(uri.getScheme());
    question.host = uri.getHost();
    if (question.host.starts_with('[')) {
      question.host = question.host.substr(1, question.host.size() - 2);
    }
    question.port = uri.getPort();
    take_userinfo(uri.getUserInfo(), question);
    const std::string& path = uri.getPath();
    question.database = path.starts_with('/') ? path.substr(1) : path;
    if (!uri.getRawQuery().empty()) {
      settings.error("url", "no options behind a \"?\": they have keys of their own here");
    }
  } catch (const Poco::Exception&) {
    // Without its text, which would quote the URL.
    settings.error("url", "not SCHEME://[USER[:PASSWORD]@]HOST[:PORT]/DATABASE");
  }
}

// False if it is not known what to ask: what else is wrong then would only be noise.
bool parse_place(Settings& settings, SqlQuestion& question) {
  const Text url = settings.url("url", {"postgresql", "postgres", "mysql", "mariadb"});
  const std::string driver =
      settings.choice("driver", {"postgresql", "mysql", "mariadb", "sqlite"}, "");
  const std::string host = settings.text("host");
  const auto port = static_cast<std::uint16_t>(settings.integer("port", 0, {1, 65535}));
  const std::string database = settings.text("database");
  const std::string user = settings.text("user");
  const Secret password = settings.secret("password");
  const bool bad_url = settings.has("url") && url.empty();
  if (settings.has("url") && !bad_url) {
    take_url(settings, url.value(), question);
    for (const char* key : {"driver", "host", "port", "database"}) {
      if (settings.has(key)) settings.error(key, "the URL says it already");
    }
  } else if (!bad_url) {
    if (!settings.has("driver")) settings.error("'driver' is missing, or 'url'");
    question.driver = driver_of(driver);
    question.host = host;
    question.port = port;
    question.database = database;
  }
  if (!user.empty()) question.user = user;
  if (!password.empty()) question.password = password;
  return !bad_url && (settings.has("url") || settings.has("driver"));
}

// --- what each driver needs
// -------------------------------------------------------------------------

void check_server(Settings& settings, SqlQuestion& question) {
  if (question.host.empty()) settings.error("'host' is missing");
  if (!question.host.empty() && !question.host.starts_with('/') && !is_host(question.host)) {
    settings.error(settings.has("host") ? "host" : "url",
                   "not a host's name, an address (an IPv6 one without brackets), or a unix "
                   "socket's path");
  }
  if (question.user.empty()) settings.error("'user' is missing");
  if (question.port == 0) {
    question.port = question.driver == SqlDriver::mysql ? kMysqlPort : kPostgresqlPort;
  }
}

void check_file(Settings& settings, const SqlQuestion& question) {
  for (const char* key : {"host", "port", "user", "password", "tls"}) {
    if (settings.has(key)) settings.error(key, "SQLite has none");
  }
  if (!question.database.starts_with('/')) {
    settings.error(settings.has("database") ? "database" : "",
                   "'database' is needed: the absolute path of the file");
  } else if (access(question.database.c_str(), R_OK) != 0) {
    settings.warn("database", "the file cannot be read now");
  }
}

void parse_tls(Settings& settings, SqlQuestion& question) {
  const bool tls = settings.flag("tls", false);
  const bool verify = settings.flag("verify", true);
  question.ca_file = settings.text("ca_file");
  for (const char* key : {"verify", "ca_file"}) {
    if (!tls && settings.has(key)) settings.error(key, "it needs 'tls: true'");
  }
  if (settings.has("tls") && !tls) question.tls = SqlTls::off;
  if (!tls) return;
  question.tls = verify ? SqlTls::verified : SqlTls::unverified;
  if (verify && question.ca_file.empty()) question.ca_file = kSystemAuthorities;
  if (settings.has("ca_file") && access(question.ca_file.c_str(), R_OK) != 0) {
    settings.warn("ca_file", "the file cannot be read now");
  }
}

}  // namespace

SqlSettings parse_sql_settings(Settings& settings, Millis timeout) {
  SqlSettings sql;
  SqlQuestion& question = sql.question;
  const bool known = parse_place(settings, question);
  parse_tls(settings, question);
  question.query = settings.text("query");
  sql.expect = parse_sql_expect(*settings.section("expect"));
  sql.degraded_unless = parse_sql_expect(*settings.section("degraded_unless"));
  sql.response_time = settings.duration("response_time", Millis{0}, {Millis{1}, timeout});
  sql.timeout = timeout;
  if (trim(question.query).empty()) settings.error("query", "'query' is missing");
  if (known && question.driver == SqlDriver::sqlite) check_file(settings, question);
  if (known && question.driver != SqlDriver::sqlite) check_server(settings, question);
  if (known) {
    const std::string missing = load_sql_library(question.driver);
    if (!missing.empty()) settings.warn(settings.has("url") ? "url" : "driver", missing);
  }
  return sql;
}

std::string show_target(const SqlSettings& sql) {
  const SqlQuestion& question = sql.question;
  const std::string driver(to_string(question.driver));
  if (question.driver == SqlDriver::sqlite) return driver + " " + printable(question.database, 200);
  const bool is_v6 = question.host.find(':') != std::string::npos;
  std::string place = is_v6 ? "[" + question.host + "]" : question.host;
  if (sql.has_network()) place += ":" + std::to_string(question.port);
  if (!question.database.empty()) place += "/" + question.database;
  return driver + " " + printable(place, 200);
}

}  // namespace tocsin
