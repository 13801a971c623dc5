// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// A run has three descriptors on the loop: the pidfd and the two outputs. Their handlers share the
// run; the coroutine waits on one timer, which the handlers cut short when there is no more to wait
// for. A program has ended when its process has, not when its outputs have: what it left behind may
// hold them open for ever, so what is in them at that moment is all there is.
//
// Killing takes a moment, in which the loop turns on: kKillTime of it the caller waits. Whoever
// still lives then is left to a coroutine of its own.
#include "net/child_process.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <asio/buffer.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <cerrno>
#include <memory>
#include <string_view>
#include <system_error>

#include "net/child_family.h"
#include "net/spawn.h"

namespace tocsin {
namespace {

constexpr Millis kKillTime{700};
constexpr Millis kKillPause{5};
constexpr Millis kLookAgain{1000};  // at those who hang in the kernel, or are not ours to kill
constexpr std::size_t kReadSize = 16 * 1024;

// --- the plan
// ---------------------------------------------------------------------------------------

std::string value_of(const ChildCommand& command, std::string_view name) {
  for (const auto& [key, value] : command.environment) {
    if (key == name) return value;
  }
  return {};
}

std::vector<std::string> environment_of(const ChildCommand& command) {
  std::vector<std::string> out;
  for (const auto& [name, value] :
       {std::pair<std::string_view, std::string_view>{"PATH", kChildPath},
        {"LANG", "C"},
        {"LC_ALL", "C"}}) {
    const auto same = [key = name](const auto& entry) { return entry.first == key; };
    if (std::none_of(command.environment.begin(), command.environment.end(), same)) {
      out.push_back(std::string(name) + "=" + std::string(value));
    }
  }
  for (const auto& [name, value] : command.environment) out.push_back(name + "=" + value);
  return out;
}

bool is_file(const std::string& path) noexcept {
  struct stat about {};
  return stat(path.c_str(), &about) == 0 && S_ISREG(about.st_mode);
}

bool is_folder(const std::string& path) noexcept {
  struct stat about {};
  return stat(path.c_str(), &about) == 0 && S_ISDIR(about.st_mode);
}

// The program's path; a name that is nowhere comes back as it is.
std::string find_program(const ChildCommand& command) {
  const std::string& name = command.arguments.front();
  if (name.find('/') != std::string::npos) return name;
  const std::string path = value_of(command, "PATH");
  std::string_view rest = path.empty() ? kChildPath : std::string_view(path);
  std::string not_executable;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(':'), rest.size());
    std::string file = std::string(rest.substr(0, end)) + "/" + name;
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (!is_file(file)) continue;
    if (access(file.c_str(), X_OK) == 0) return file;
    if (not_executable.empty()) not_executable = std::move(file);
  }
  return not_executable.empty() ? name : not_executable;
}

// --- why it did not start
// ---------------------------------------------------------------------------

bool is_programs_fault(int error) noexcept {
  switch (error) {
    case ENOENT:
    case EACCES:
    case EPERM:
    case ENOEXEC:
    case ENOTDIR:
    case EISDIR:
    case ELOOP:
    case ENAMETOOLONG:
    case ELIBBAD:
    case EINVAL:
    case E2BIG:
    case ETXTBSY: return true;
    default: return false;
  }
}

std::string why_not(const SpawnPlan& plan, int error) {
  const std::string& program = plan.program;
  if (error == E2BIG) return "arguments, environment and all are too long for the kernel";
  if (!plan.directory.empty() && !is_folder(plan.directory)) {
    return "there is no directory " + plan.directory;
  }
  if (program.find('/') == std::string::npos) return "there is no program " + program + " in PATH";
  if (is_folder(program)) return program + " is a directory";
  if (error == ENOENT && is_file(program)) {
    return program + " needs an interpreter that is not there (see its first line)";
  }
  if (error == ENOENT || error == ENOTDIR) return "there is no program " + program;
  if (error == ENOEXEC) {
    return program + " is no program for this machine, nor a script that begins with #!";
  }
  if (error == EACCES) return program + " is not executable for this user";
  return program + " does not start: " + std::generic_category().message(error);
}

ChildEnd not_started(const SpawnPlan& plan, int error) {
  ChildEnd end;
  const bool theirs = is_programs_fault(error);
  end.how = theirs ? ChildEnd::How::not_started : ChildEnd::How::no_means;
  end.number = error;
  end.text = theirs ? why_not(plan, error)
                    : "no program can be started: " + std::generic_category().message(error);
  return end;
}

// --- the run
// ----------------------------------------------------------------------------------------

// One of the two outputs.
struct Output {
  explicit Output(const asio::any_io_executor& executor) : stream(executor) {}
  asio::posix::stream_descriptor stream;
  std::string text;
  std::size_t written = 0;  // all that came
  std::array<char, kReadSize> buffer{};
};

class Run : public std::enable_shared_from_this<Run> {
 public:
  explicit Run(const asio::any_io_executor& executor)
      : process_(executor), out_(executor), err_(executor), timer_(executor) {}

  int start(SpawnPlan plan);
  asio::awaitable<void> work(SteadyTime deadline);
  // Nobody waits any more: descriptors are closed, so that no handler holds the run.
  void abandon() noexcept;
  ChildEnd end() noexcept { return std::move(end_); }

 private:
  void wait_for_end();
  void read(Output& output);
  bool take(Output& output, std::string_view text);
  void drain(Output& output);
  void take_end();
  asio::awaitable<void> pause(SteadyTime until);
  asio::awaitable<void> bury();
  static asio::awaitable<void> linger(std::shared_ptr<Run> run);

  asio::posix::stream_descriptor process_;
  Output out_;
  Output err_;
  asio::steady_timer timer_;
  Family family_;
  ChildEnd end_;
  bool ended_ = false;
  bool flooded_ = false;
};

int Run::start(SpawnPlan plan) {
  Spawned spawned;
  if (const int error = family_.start(std::move(plan), spawned)) return error;
  for (const auto& [stream, descriptor] : {std::pair{&process_, &spawned.process},
                                           {&out_.stream, &spawned.out},
                                           {&err_.stream, &spawned.err}}) {
    asio::error_code error;
    stream->assign(descriptor->get(), error);
    if (error) return error.value();
    descriptor->release();
  }
  wait_for_end();
  read(out_);
  read(err_);
  return 0;
}

void Run::wait_for_end() {
  process_.async_wait(asio::posix::stream_descriptor::wait_read,
                      [self = shared_from_this()](const asio::error_code& error) {
                        if (error) return;
                        self->ended_ = true;
                        self->timer_.cancel();
                      });
}

// Its end is no news: a program may close its outputs and live on.
void Run::read(Output& output) {
  output.stream.async_read_some(
      asio::buffer(output.buffer),
      [self = shared_from_this(), &output](const asio::error_code& error, std::size_t size) {
        if (error) return;
        if (self->take(output, {output.buffer.data(), size})) return self->read(output);
        self->flooded_ = true;
        self->timer_.cancel();
      });
}

// False once it is too much.
bool Run::take(Output& output, std::string_view text) {
  const std::size_t room = kChildOutputMost - output.text.size();
  output.text.append(text.substr(0, room));
  output.written += text.size();
  end_.cut = end_.cut || text.size() > room;
  return output.written <= kChildFlood;
}

// What is left in the pipe; whoever holds it open may write on, so there is a bound.
void Run::drain(Output& output) {
  ssize_t got = 0;
  while ((got = ::read(output.stream.native_handle(), output.buffer.data(), kReadSize)) > 0) {
    if (!take(output, {output.buffer.data(), static_cast<std::size_t>(got)})) return;
    if (output.text.size() == kChildOutputMost) return;
  }
}

asio::awaitable<void> Run::pause(SteadyTime until) {
  timer_.expires_at(until);
  std::error_code ignored;
  co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

asio::awaitable<void> Run::work(SteadyTime deadline) {
  if (!ended_ && !flooded_) co_await pause(deadline);
  if (!ended_) {
    end_.how = flooded_ ? ChildEnd::How::flooded : ChildEnd::How::late;
    family_.kill_all();
  }
  co_await bury();
  drain(out_);
  drain(err_);
  end_.killed_with_it = family_.killed();
  end_.out = std::move(out_.text);
  end_.err = std::move(err_.text);
}

// Waits for the program's end, which is certain by now, and ends what it left.
asio::awaitable<void> Run::bury() {
  const SteadyTime give_up = std::chrono::steady_clock::now() + kKillTime;
  while (true) {
    take_end();
    const SteadyTime now = std::chrono::steady_clock::now();
    if (family_.is_over() || now >= give_up) break;
    family_.kill_all();
    co_await pause(now + kKillPause);
  }
  if (family_.is_over()) co_return;
  end_.immortal = family_.living().size() + (family_.is_buried() ? 0 : 1);
  asio::co_spawn(timer_.get_executor(), linger(shared_from_this()), asio::detached);
}

void Run::take_end() {
  int code = 0;
  int status = 0;
  if (family_.is_buried() || !family_.take_end(code, status)) return;
  if (end_.how == ChildEnd::How::late || end_.how == ChildEnd::How::flooded) return;
  end_.how = code == CLD_EXITED ? ChildEnd::How::exited : ChildEnd::How::killed;
  end_.core_dumped = code == CLD_DUMPED;
  end_.number = status;
}

asio::awaitable<void> Run::linger(std::shared_ptr<Run> run) {
  while (!run->family_.is_over()) {
    co_await run->pause(std::chrono::steady_clock::now() + kLookAgain);
    run->take_end();
    run->family_.kill_all();
  }
}

void Run::abandon() noexcept {
  asio::error_code ignored;
  process_.close(ignored);
  out_.stream.close(ignored);
  err_.stream.close(ignored);
}

}  // namespace

asio::awaitable<ChildEnd> run_child(ChildCommand command, SteadyTime deadline) {
  // However this coroutine ends. The run itself goes with its last handler.
  struct Guard {
    Run& run;
    ~Guard() { run.abandon(); }
  };
  const auto executor = co_await asio::this_coro::executor;
  SpawnPlan plan;
  plan.program = find_program(command);
  plan.environment = environment_of(command);
  plan.arguments = std::move(command.arguments);
  plan.directory = std::move(command.directory);
  plan.input = std::move(command.input);
  const auto run = std::make_shared<Run>(executor);
  if (const int error = run->start(plan)) co_return not_started(plan, error);
  const Guard guard{*run};
  co_await run->work(deadline);
  co_return run->end();
}

std::string signal_name(int number) {
  const char* name = sigabbrev_np(number);
  return name == nullptr ? "signal " + std::to_string(number) : "SIG" + std::string(name);
}

}  // namespace tocsin
