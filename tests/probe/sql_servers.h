// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <fcntl.h>
#include <pwd.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/certificates.h"
#include "support/child.h"
#include "support/nginx.h"
#include "support/temp_dir.h"

namespace tocsin {

// Real database servers, in folders of their own, with a certificate for 127.0.0.1 and localhost.
// Databases refuse to run as root: as root they run as the user that their package made. One
// thread only.
class SqlServer {
 public:
  SqlServer(const char* user, const char* binary) : user_(user) {
    std::filesystem::permissions(dir_.path(), std::filesystem::perms(0755));
    there_ = std::filesystem::exists(binary) && (getuid() != 0 || getpwnam(user) != nullptr);
    if (!there_) return;
    std::filesystem::create_directories(path("pki"));
    certificates_.emplace(path("pki"));
    const auto files = certificates_->make({.name = "db", .hosts = {"127.0.0.1", "localhost"}});
    std::filesystem::copy_file(files.certificate, path("db.crt"));
    std::filesystem::copy_file(files.key, path("db.key"));
    std::filesystem::permissions(path("db.key"), std::filesystem::perms(0600));
    std::filesystem::create_directories(path("run"));
    own(path("db.key"));
    own(path("run"));
  }
  virtual ~SqlServer() = default;

  // False where the package is not installed: the test has nothing to do then.
  bool there() const {
    if (!there_) WARN("skipped: " << user_ << "'s server is not installed");
    return there_;
  }
  std::uint16_t port() const noexcept { return port_; }
  std::string authority() const { return certificates_->authority(); }
  std::string path(const std::string& name) const { return dir_.path() / name; }
  const Child& process() const noexcept { return *server_; }
  // Runs statements as the administrator; gives back what was printed.
  virtual std::string admin(const std::string& statements) const = 0;

 protected:
  std::vector<std::string> as_user(std::vector<std::string> argv) const {
    if (getuid() != 0) return argv;
    const passwd* entry = getpwnam(user_);
    std::vector<std::string> out{"/usr/bin/setpriv", "--reuid=" + std::to_string(entry->pw_uid),
                                 "--regid=" + std::to_string(entry->pw_gid), "--clear-groups",
                                 "--"};
    out.insert(out.end(), argv.begin(), argv.end());
    return out;
  }
  void prepare(const std::vector<std::string>& argv) const {
    const Ran ran = run_program(as_user(argv), {"LC_ALL=C"});
    if (ran.status != 0) throw std::runtime_error(ran.out + ran.err);
  }
  void start(const std::vector<std::string>& argv) {
    server_ = std::make_unique<Child>(as_user(argv),
                                      Child::Options{.env = {"LC_ALL=C"}, .err = path("log")});
  }
  void wait_until(const std::function<bool()>& up) {
    if (!eventually(up, std::chrono::seconds{60})) throw std::runtime_error(read_file(path("log")));
  }

  std::uint16_t port_ = free_port();

 private:
  void own(const std::string& file) const {
    const passwd* entry = getpwnam(user_);
    if (getuid() == 0 && chown(file.c_str(), entry->pw_uid, entry->pw_gid) != 0) {
      throw std::runtime_error("chown failed");
    }
  }

  const char* user_;
  bool there_ = false;
  TempDir dir_;
  std::optional<Certificates> certificates_;
  std::unique_ptr<Child> server_;
};

// Its superuser is admin with the password "pg secret'\"; its socket is in path("run").
class Postgres final : public SqlServer {
 public:
  static constexpr const char* kPassword = "pg secret'\\";

  Postgres() : SqlServer("postgres", "/usr/lib/postgresql/15/bin/postgres") {
    if (!there()) return;
    const std::string bin = "/usr/lib/postgresql/15/bin/";
    const std::string password = path("password");
    std::ofstream(password) << kPassword << "\n";
    prepare({bin + "initdb", "-D", path("run/data"), "-U", "admin", "--pwfile=" + password, "-A",
             "scram-sha-256", "--no-sync", "--no-instructions"});
    start({bin + "postgres", "-D", path("run/data"), "-p", std::to_string(port_), "-F", "-c",
           "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=" + path("run"), "-c",
           "ssl=on", "-c", "ssl_cert_file=" + path("db.crt"), "-c",
           "ssl_key_file=" + path("db.key")});
    wait_until([&] { return admin("SELECT 1").find('1') != std::string::npos; });
    admin(
        "CREATE TABLE queue AS SELECT g AS id, 'job ' || g AS name FROM generate_series(1, 20) g");
  }
  std::string admin(const std::string& statements) const override {
    return run_program({"/usr/bin/psql", "-h", path("run"), "-p", std::to_string(port_), "-U",
                        "admin", "-At", "-c", statements, "postgres"},
                       {std::string("PGPASSWORD=") + kPassword})
        .out;
  }
};

// It has a user me with the password "my;secret" and a database shop; its socket is run/sock.
class Mariadb final : public SqlServer {
 public:
  static constexpr const char* kPassword = "my;secret";

  Mariadb() : SqlServer("mysql", "/usr/sbin/mariadbd") {
    if (!there()) return;
    prepare({"/usr/bin/mariadb-install-db", "--no-defaults", "--datadir=" + path("run/data"),
             "--auth-root-authentication-method=normal", "--skip-test-db",
             "--innodb-flush-method=nosync"});
    start({"/usr/sbin/mariadbd", "--no-defaults", "--datadir=" + path("run/data"),
           "--port=" + std::to_string(port_), "--bind-address=127.0.0.1",
           "--socket=" + path("run/sock"), "--pid-file=" + path("run/pid"),
           "--innodb-flush-method=nosync", "--ssl-cert=" + path("db.crt"),
           "--ssl-key=" + path("db.key"), "--ssl-ca=" + authority()});
    wait_until([&] { return admin("SELECT 1").find('1') != std::string::npos; });
    admin(
        "CREATE DATABASE shop; CREATE USER me@localhost IDENTIFIED BY 'my;secret';"
        "CREATE USER me@'%' IDENTIFIED BY 'my;secret'; GRANT ALL ON shop.* TO me@localhost;"
        "GRANT ALL ON shop.* TO me@'%'; CREATE TABLE shop.queue (id INT, name TEXT, big LONGTEXT);"
        "INSERT INTO shop.queue VALUES (1, 'a', NULL), (2, 'b', REPEAT('x', 100000))");
  }
  std::string admin(const std::string& statements) const override {
    return run_program({"/usr/bin/mariadb", "--no-defaults", "-u", "root", "-S", path("run/sock"),
                        "-N", "-e", statements})
        .out;
  }
};

}  // namespace tocsin
