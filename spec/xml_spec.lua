-- SPDX-License-Identifier: MIT
require "spec.support.paths"
local xml = require "usher.xml"

local function refuses(text, reason)
  local root, err = xml.decode(text)
  assert.is_nil(root, text)
  assert.are.equal("bad_request", err.code)
  assert.matches(reason, err.message, 1, true)
end

describe("xml", function()
  it("reads texts, CDATA, the five entities and characters by number", function()
    assert.are.same(
      { xml = { A = "1", B = "x<y & 'z'", C = "<\">'A\u{4e2d}", D = "" } },
      xml.decode(
        "<xml>\n<A>1</A>\r\n<B><![CDATA[x<y & ]]>'z'</B>"
          .. "<C>&lt;&quot;&gt;&apos;&#65;&#x4e2d;</C><!-- a word --><D/></xml>\n"
      )
    )
  end)

  it("reads three levels", function()
    assert.are.same({ a = { b = { c = "1" }, d = "2" } }, xml.decode "<a><b><c>1</c></b><d>2</d></a>")
    refuses("<a><b><c><d>1</d></c></b></a>", "nested too deeply")
  end)

  it("passes over attributes, and keeps white space in texts", function()
    assert.are.same({ a = " 1 " }, xml.decode '<a b="2"> 1 </a>')
  end)

  it("takes UTF-8 for what it is, whatever a declaration says", function()
    assert.are.same({ a = "\u{e9}" }, xml.decode '<?xml version="1.0" encoding="ISO-8859-1"?><a>\u{e9}</a>')
    refuses("<a>\xe9</a>", "not UTF-8")
    refuses("\xff\xfe<\0a\0/\0>\0", "not UTF-8")
  end)

  it("refuses document types and what they bring", function()
    local bomb = '<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;&b;">]><a>&c;</a>'
    refuses(bomb, "a document type")
    refuses('<!DOCTYPE a SYSTEM "file:///etc/passwd"><a>1</a>', "a document type")
    refuses("<!DOCTYPE a><a/>", "a document type")
    refuses("<a>&b;</a>", "undefined entity")
    refuses('<a b="&c;">1</a>', "undefined entity")
  end)

  it("refuses processing instructions", function()
    refuses("<?run this?><a>1</a>", "a processing instruction")
    refuses("<a><?run this?>1</a>", "a processing instruction")
  end)

  it("refuses what could be read in two ways", function()
    refuses("<a><b>1</b><b>2</b></a>", "an element twice")
    refuses("<a><b/><b>2</b></a>", "an element twice")
    refuses("<a>1<b>2</b></a>", "text beside elements")
  end)

  it("refuses what is no document", function()
    for _, text in ipairs {
      "",
      " ",
      "text",
      "{}",
      "<a>",
      "<a/><b/>",
      "<a></b>",
      "<a>\0</a>",
      "<a>&#0;</a>",
      "<a><![CDATA[1</a>",
    } do
      refuses(text, "no acceptable XML")
    end
  end)

  it("refuses more than 64 KiB", function()
    local text = ("<a>%s</a>"):format(("x"):rep(64 * 1024 - 7))
    assert.is_table(xml.decode(text))
    refuses(text .. " ", "too long")
  end)

  it("writes what it reads", function()
    local text = xml.encode("xml", { { "AppId", "wx1" }, { "Text", "<\"&'>" } })
    assert.are.equal("<xml><AppId>wx1</AppId><Text>&lt;&quot;&amp;&apos;&gt;</Text></xml>", text)
    assert.are.same({ xml = { AppId = "wx1", Text = "<\"&'>" } }, xml.decode(text))
  end)
end)
