// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "support/child.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace tocsin {
namespace {

std::string scratch_file() {
  std::string path = (std::filesystem::temp_directory_path() / "tocsin-ran-XXXXXX").string();
  const int fd = mkstemp(path.data());
  if (fd < 0) throw std::runtime_error("mkstemp failed");
  close(fd);
  return path;
}

}  // namespace

Child::Child(const std::vector<std::string>& argv, const Options& options) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  const auto redirect = [&](int fd, const std::filesystem::path& path) {
    const std::string target = path.empty() ? "/dev/null" : path.string();
    posix_spawn_file_actions_addopen(&actions, fd, target.c_str(), O_WRONLY | O_CREAT | O_APPEND,
                                     0644);
  };
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  redirect(1, options.out);
  redirect(2, options.err);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);

  std::vector<std::string> env = options.env;
  for (char** entry = environ; *entry != nullptr; ++entry) env.emplace_back(*entry);
  std::vector<char*> arguments;
  std::vector<char*> variables;
  for (const std::string& argument : argv) arguments.push_back(const_cast<char*>(argument.c_str()));
  for (const std::string& variable : env) variables.push_back(const_cast<char*>(variable.c_str()));
  arguments.push_back(nullptr);
  variables.push_back(nullptr);
  const int error =
      posix_spawnp(&pid_, arguments[0], &actions, &attributes, arguments.data(), variables.data());
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) throw std::runtime_error("cannot start " + argv.at(0));
}

Child::~Child() {
  if (status_) return;
  ::kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

void Child::signal(int number) const {
  if (!status_) ::kill(pid_, number);
}

std::optional<int> Child::wait(std::chrono::milliseconds bound) {
  if (status_) return status_;
  const int fd = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
  pollfd ended{.fd = fd, .events = POLLIN, .revents = 0};
  const int ready = poll(&ended, 1, static_cast<int>(bound.count()));
  close(fd);
  if (ready <= 0) return std::nullopt;
  int status = 0;
  waitpid(pid_, &status, 0);
  status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return status_;
}

bool Child::running() {
  return !wait(std::chrono::milliseconds{0}).has_value();
}

Ran run_program(const std::vector<std::string>& argv, const std::vector<std::string>& env) {
  const std::string out = scratch_file();
  const std::string err = scratch_file();
  Ran ran;
  {
    Child child(argv, {.env = env, .out = out, .err = err});
    ran.status = child.wait(std::chrono::minutes{2}).value_or(-1);
  }
  ran.out = read_file(out);
  ran.err = read_file(err);
  std::filesystem::remove(out);
  std::filesystem::remove(err);
  return ran;
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

bool eventually(const std::function<bool()>& condition, std::chrono::milliseconds bound) {
  const auto end = std::chrono::steady_clock::now() + bound;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
  return true;
}

}  // namespace tocsin
