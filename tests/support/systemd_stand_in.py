#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# Copyright The Tocsin Authors
"""A stand-in for systemd's manager on a private D-Bus, by its published interface,
org.freedesktop.systemd1(5): names, paths, types of properties, and which of them are signalled.

Usage: systemd_stand_in.py BUS_ADDRESS CONTROL_SOCKET. Whoever connects to the socket sends commands, a JSON object
a line, and gets "ok" and a line end for each:
  {"set": NAME, "unit": {PROPERTY: VALUE}, "own": {...}, "quiet": bool}   makes or changes a unit
  {"file": NAME}     a unit that is installed and not loaded
  {"forget": NAME}   the unit is unloaded (UnitRemoved)
  {"deny": bool}     from now on, every question is refused with AccessDenied
  {"hang": bool}     ... or is never answered
  {"leave": true}    gives the name up, {"return": true} takes it again
  {"asked": true}    answers with the number of GetAll calls and of subscriptions: "ok 4 1"
"""
import json
import os
import socket
import sys

import dbus
import dbus.lowlevel
import dbus.mainloop.glib
import dbus.service
from gi.repository import GLib

NAME = "org.freedesktop.systemd1"
ROOT = "/org/freedesktop/systemd1"
PROPERTIES = "org.freedesktop.DBus.Properties"
ERROR = "org.freedesktop.DBus.Error."
NEVER = 2**64 - 1

# Property to its D-Bus type and its value where nothing else is said.
UNIT = {
    "Id": ("s", ""), "Names": ("as", []), "LoadState": ("s", "loaded"), "LoadError": ("(ss)", ("", "")),
    "ActiveState": ("s", "inactive"), "SubState": ("s", "dead"), "UnitFileState": ("s", "enabled"),
    "StateChangeTimestamp": ("t", 0), "InactiveExitTimestamp": ("t", 0), "ActiveEnterTimestamp": ("t", 0),
    "ActiveExitTimestamp": ("t", 0), "ConditionResult": ("b", False), "ConditionTimestamp": ("t", 0),
    "NeedDaemonReload": ("b", False), "Job": ("(uo)", (0, "/")), "Documentation": ("as", []),
}
EXEC = "a(sasbttttuii)"
OWN = {
    "service": {
        "Type": ("s", "simple"), "Restart": ("s", "no"), "RemainAfterExit": ("b", False), "Result": ("s", "success"),
        "NRestarts": ("u", 0), "ExecMainCode": ("i", 0), "ExecMainStatus": ("i", 0), "MainPID": ("u", 0),
        "StatusText": ("s", ""), "StatusErrno": ("i", 0), "ExecStartPre": (EXEC, []), "ExecStart": (EXEC, []),
        "MemoryCurrent": ("t", NEVER), "TasksCurrent": ("t", NEVER), "CPUUsageNSec": ("t", NEVER),
        "Environment": ("as", ["SECRET=1"]), "CPUWeight": ("t", NEVER), "NonBlocking": ("b", False),
    },
    "timer": {"Unit": ("s", ""), "LastTriggerUSec": ("t", 0), "Result": ("s", "success"), "Persistent": ("b", False)},
    "mount": {"Where": ("s", ""), "What": ("s", ""), "Result": ("s", "success"), "ExecMount": (EXEC, [])},
    "socket": {"Result": ("s", "success"), "NConnections": ("u", 0), "NAccepted": ("u", 0)},
    "target": {},
}
# What PropertiesChanged carries: systemd signals these, and no others of ours.
SIGNALLED = {"ActiveState", "SubState", "StateChangeTimestamp", "InactiveExitTimestamp", "ActiveEnterTimestamp",
             "ActiveExitTimestamp", "ConditionResult", "ConditionTimestamp", "Job", "Result", "NRestarts",
             "ExecMainCode", "ExecMainStatus", "MainPID", "StatusText", "StatusErrno"}


def typed(signature, value):
    simple = {"s": dbus.String, "b": dbus.Boolean, "t": dbus.UInt64, "u": dbus.UInt32, "i": dbus.Int32}
    if signature in simple:
        return simple[signature](value, variant_level=1)
    if signature.startswith("("):
        return dbus.Struct(tuple(value), signature=signature[1:-1], variant_level=1)
    return dbus.Array([tuple(v) if isinstance(v, list) else v for v in value], signature=signature[1:], variant_level=1)


def path_of(name):
    keep = lambda i, c: c.isascii() and c.isalnum() and not (i == 0 and c.isdigit())
    return ROOT + "/unit/" + "".join(c if keep(i, c) else "_%02x" % ord(c) for i, c in enumerate(name))


class Unit:
    def __init__(self, name, load_state="loaded"):
        self.name = name
        self.kind = name.rsplit(".", 1)[1]
        self.unit = {key: value for key, (_, value) in UNIT.items()}
        self.unit.update(Id=name, Names=[name], LoadState=load_state)
        if load_state != "loaded":
            self.unit["UnitFileState"] = ""
        self.own = {key: value for key, (_, value) in OWN[self.kind].items()}

    def all(self, interface):
        if interface == NAME + ".Unit":
            return {key: typed(UNIT[key][0], value) for key, value in self.unit.items()}
        if interface == NAME + "." + self.kind.capitalize():
            return {key: typed(OWN[self.kind][key][0], value) for key, value in self.own.items()}
        return None


class Systemd:
    def __init__(self, connection):
        self.connection = connection
        self.units, self.files = {}, set()
        self.asked, self.subscribed = 0, set()
        self.denies = self.hangs = False
        connection.add_message_filter(self.on_message)

    def find(self, path):
        """As systemd does: whatever path is asked for is loaded, if only to say not-found."""
        for name, unit in self.units.items():
            if path_of(name) == path:
                return unit
        if not path.startswith(ROOT + "/unit/"):
            return None
        name, rest = "", path[len(ROOT + "/unit/"):]
        while rest:
            name, rest = (name + chr(int(rest[1:3], 16)), rest[3:]) if rest[0] == "_" else (name + rest[0], rest[1:])
        if name.rsplit(".", 1)[-1] not in OWN:
            return None
        return Unit(name, "loaded" if name in self.files else "not-found")

    def on_message(self, _, message):
        if message.get_type() != dbus.lowlevel.MESSAGE_TYPE_METHOD_CALL or \
                not (message.get_path() or "").startswith(ROOT):
            return dbus.lowlevel.HANDLER_RESULT_NOT_YET_HANDLED
        if self.hangs:
            return dbus.lowlevel.HANDLER_RESULT_HANDLED
        if self.denies:
            self.refuse(message, "AccessDenied", "Permission denied")
        else:
            self.answer(message)
        return dbus.lowlevel.HANDLER_RESULT_HANDLED

    def refuse(self, message, error, text):
        self.connection.send_message(dbus.lowlevel.ErrorMessage(message, ERROR + error, text))

    def answer(self, message):
        member, arguments = message.get_member(), message.get_args_list()
        reply = dbus.lowlevel.MethodReturnMessage(message)
        if member == "GetAll" and message.get_interface() == PROPERTIES:
            self.asked += 1
            unit = self.find(message.get_path())
            properties = unit and unit.all(arguments[0])
            if properties is None:
                return self.refuse(message, "UnknownObject", "Unknown object '%s'." % message.get_path())
            reply.append(dbus.Dictionary(properties, signature="sv"), signature="a{sv}")
        elif member == "Subscribe":
            self.subscribed.add(message.get_sender())
        elif member == "ListUnitsByPatterns":
            rows = [(name, "", unit.unit["LoadState"], unit.unit["ActiveState"], unit.unit["SubState"], "",
                     path_of(name), 0, "", "/") for name, unit in self.units.items()]
            reply.append(dbus.Array(rows, signature="(ssssssouso)"), signature="a(ssssssouso)")
        elif member == "ListUnitFilesByPatterns":
            reply.append(dbus.Array([("/lib/systemd/system/" + f, "enabled") for f in self.files], signature="(ss)"),
                         signature="a(ss)")
        else:
            return self.refuse(message, "UnknownMethod", "Unknown method '%s'." % member)
        self.connection.send_message(reply)

    def signal(self, path, interface, member, *pairs):
        if not self.subscribed:  # nobody asked for any
            return
        message = dbus.lowlevel.SignalMessage(path, interface, member)
        for signature, value in pairs:
            message.append(value, signature=signature)
        self.connection.send_message(message)

    def set(self, command):
        name = command["set"]
        unit = self.units.setdefault(name, Unit(name))
        for key in ("unit", "own"):
            types = UNIT if key == "unit" else OWN[unit.kind]
            held = getattr(unit, key)
            changes = command.get(key, {})
            held.update({k: changes[k] for k in changes if k in types})
            assert all(k in types for k in changes), "no such property: %s" % changes
            told = {k: typed(types[k][0], held[k]) for k in changes if k in SIGNALLED}
            if told and not command.get("quiet"):
                interface = NAME + ("." + unit.kind.capitalize() if key == "own" else ".Unit")
                self.signal(path_of(name), PROPERTIES, "PropertiesChanged", ("s", interface), ("a{sv}", told),
                            ("as", dbus.Array([], signature="s")))

    def on_command(self, command):
        if "set" in command:
            self.set(command)
        elif "file" in command:
            self.files.add(command["file"])
        elif "forget" in command:
            self.units.pop(command["forget"], None)
            self.signal(ROOT, NAME + ".Manager", "UnitRemoved", ("s", command["forget"]),
                        ("o", path_of(command["forget"])))
        elif "deny" in command:
            self.denies = command["deny"]
        elif "hang" in command:
            self.hangs = command["hang"]
        elif "leave" in command:
            self.connection.release_name(NAME)
        elif "return" in command:
            self.subscribed.clear()  # as after a restart
            self.connection.request_name(NAME)
        elif "asked" in command:
            return "ok %d %d" % (self.asked, len(self.subscribed))
        return "ok"


def main():
    dbus.mainloop.glib.DBusGMainLoop(set_as_default=True)
    loop = GLib.MainLoop()
    connection = dbus.bus.BusConnection(sys.argv[1])
    connection.set_exit_on_disconnect(False)
    systemd = Systemd(connection)
    connection.request_name(NAME)

    # Bound under another name first: who can connect finds everything in place.
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(sys.argv[2] + ".new")
    listener.listen(1)
    os.rename(sys.argv[2] + ".new", sys.argv[2])
    control = listener.accept()[0]

    def on_line(source, _):
        line = b""
        while not line.endswith(b"\n"):  # whoever asks waits for the answer: it is one line and no more
            part = source.recv(65536)
            if not part:
                loop.quit()
                return False
            line += part
        source.sendall((systemd.on_command(json.loads(line)) + "\n").encode())
        return True

    GLib.io_add_watch(control, GLib.PRIORITY_DEFAULT, GLib.IO_IN | GLib.IO_HUP, on_line)
    loop.run()


main()
