-- SPDX-License-Identifier: MIT
-- The callback listener over TLS, as testssl.sh judges it: handshakes that no client of ours would send.

require "spec.support.paths"
local json = require "usher.json"
local process = require "spec.support.process"
local temporary = require "spec.support.temporary"
local tls = require "spec.support.tls"
local torture = require "spec.support.torture"
local world = require "spec.support.world"

-- Its checks, and what each must have found something about: one that could not be made says nothing at all. Those of
-- HTTP headers, which are for pages in browsers, are left out.
local SHORT = {
  ["--protocols"] = { "SSLv2", "SSLv3", "TLS1", "TLS1_1", "TLS1_2", "TLS1_3", "ALPN" },
  ["--renegotiation"] = { "secure_renego", "secure_client_renego" },
  ["--compression"] = { "CRIME_TLS" },
}
local LONG = {
  ["--protocols"] = SHORT["--protocols"],
  ["--grease"] = { "GREASE" },
  ["--standard"] = {
    "cipherlist_NULL",
    "cipherlist_aNULL",
    "cipherlist_EXPORT",
    "cipherlist_LOW",
    "cipherlist_3DES_IDEA",
    "cipherlist_AVERAGE",
    "cipherlist_STRONG",
  },
  ["--fs"] = { "PFS", "PFS_ECDHE_curves" },
  ["--server-preference"] = { "cipher_order", "protocol_negotiated", "cipher_negotiated" },
  ["--server-defaults"] = {
    "TLS_session_ticket",
    "sessionresumption_ticket",
    "sessionresumption_ID",
    "TLS_timestamp",
    "cert_signatureAlgorithm",
    "cert_keySize",
    "cert_trust",
    "cert_chain_of_trust",
  },
  ["--vulnerable"] = {
    "heartbleed",
    "CCS",
    "ticketbleed",
    "ROBOT",
    "secure_renego",
    "secure_client_renego",
    "CRIME_TLS",
    "BREACH",
    "POODLE_SSL",
    "fallback_SCSV",
    "SWEET32",
    "FREAK",
    "DROWN",
    "LOGJAM",
    "BEAST",
    "LUCKY13",
    "RC4",
  },
}
local CHECKS = torture.rounds(SHORT, LONG)
-- Only with RSA there is something to look for by ROBOT, FREAK and DROWN.
local KEYS = torture.rounds({ "rsa:2048" }, { "rsa:2048", "ec -pkeyopt ec_paramgen_curve:P-256" })
local DAYS = 90 -- below two months it warns of the end
local SECONDS = torture.rounds(120, 900)

local HARMLESS = { OK = true, INFO = true }
local EXPECTED = {
  engine_problem = "Debian's openssl has no GOST ciphers to try",
  cert_revocation = "the specs' own authority publishes no revocations",
  cert_serialNumberLen = "the specs' own authority numbers certificates by small integers",
}

describe("the callback listener, examined by testssl.sh,", function()
  local here, authority, port

  before_each(function()
    here = world.new()
    authority = tls.authority(here.folder, "authority")
    port = process.free_port()
    here.environment.USHER_CALLBACK_LISTEN = "127.0.0.1:" .. port
  end)

  local function serve(key)
    local issued = authority:issue("server", "IP:127.0.0.1", DAYS, key)
    here.environment.USHER_CALLBACK_TLS_CERT = issued.certificate
    here.environment.USHER_CALLBACK_TLS_KEY = issued.key
    return here:start_gateway()
  end

  local function examine()
    local file = here.folder .. "/findings.json"
    local command = { "env", "-u", "LD_PRELOAD", "testssl", "--quiet", "--color", "0", "--warnings", "off" }
    table.move(
      { "--nodns", "none", "--add-ca", authority.file, "--jsonfile", file },
      1,
      6,
      #command + 1,
      command
    )
    for check in pairs(CHECKS) do
      table.insert(command, check)
    end
    table.insert(command, ("https://127.0.0.1:%d/callback"):format(port))
    local program <close> = process.start(here.folder, "testssl", command)
    program:wait(SECONDS)
    return assert(json.decode(temporary.read(file)))
  end

  for _, key in ipairs(KEYS) do
    it("has no weakness with a key of " .. key, function()
      local _ <close> = here
      local gateway = serve(key)
      local found, weaknesses = {}, {}
      for _, finding in ipairs(examine()) do
        found[finding.id] = true
        if not HARMLESS[finding.severity] and not EXPECTED[finding.id] then
          table.insert(weaknesses, ("%s %s: %s"):format(finding.severity, finding.id, finding.finding))
        end
      end
      assert.are.same({}, weaknesses)
      for check, names in pairs(CHECKS) do
        for _, name in ipairs(names) do
          assert.is_true(found[name], ("%s found nothing about %s"):format(check, name))
        end
      end
      gateway:signal "TERM"
      assert.are.equal(0, gateway:wait())
    end)
  end
end)
