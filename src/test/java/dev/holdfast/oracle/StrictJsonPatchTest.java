package dev.holdfast.oracle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The examples of RFC 6902, appendix A, and the failures that lenient appliers forgive. */
class StrictJsonPatchTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  // Quotes are single here for legibility.
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "A.1  | {'foo':'bar'} | {'op':'add','path':'/baz','value':'qux'} | {'foo':'bar','baz':'qux'}",
        "A.2  | {'foo':['bar','baz']} | {'op':'add','path':'/foo/1','value':'qux'} | {'foo':['bar','qux','baz']}",
        "A.3  | {'baz':'qux','foo':'bar'} | {'op':'remove','path':'/baz'} | {'foo':'bar'}",
        "A.4  | {'foo':['bar','qux','baz']} | {'op':'remove','path':'/foo/1'} | {'foo':['bar','baz']}",
        "A.5  | {'baz':'qux','foo':'bar'} | {'op':'replace','path':'/baz','value':'boo'} | {'baz':'boo','foo':'bar'}",
        "A.8  | {'baz':'qux','foo':['a',2,'c']} | {'op':'test','path':'/foo/1','value':2} | {'baz':'qux','foo':['a',2,'c']}",
        "A.10 | {'foo':'bar'} | {'op':'add','path':'/child','value':{'grandchild':{}}} | {'foo':'bar','child':{'grandchild':{}}}",
        "A.11 | {'foo':'bar'} | {'op':'add','path':'/baz','value':'qux','xyz':123} | {'foo':'bar','baz':'qux'}",
        "A.14 | {'/':9,'~1':10} | {'op':'test','path':'/~01','value':10} | {'/':9,'~1':10}",
        "A.16 | {'foo':['bar']} | {'op':'add','path':'/foo/-','value':['abc','def']} | {'foo':['bar',['abc','def']]}",
        "end  | {'foo':['bar']} | {'op':'add','path':'/foo/1','value':'baz'} | {'foo':['bar','baz']}",
        "over | {'foo':'bar'} | {'op':'add','path':'/foo','value':1} | {'foo':1}",
        "null | {'foo':null} | {'op':'replace','path':'/foo','value':null} | {'foo':null}",
        "root | {'foo':1} | {'op':'replace','path':'','value':[1]} | [1]",
        "dash | {'-':1} | {'op':'replace','path':'/-','value':2} | {'-':2}",
        "keys | {'a/b':{'m~n':1}} | {'op':'replace','path':'/a~1b/m~0n','value':2} | {'a/b':{'m~n':2}}",
        "1.0  | {'foo':1} | {'op':'test','path':'/foo','value':1.0} | {'foo':1}"
      })
  void applies(String name, String document, String operation, String expected) {
    assertThat(applied(document, operation)).isEqualTo(json(expected));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "A.9  test differs | {'baz':'qux'} | {'op':'test','path':'/baz','value':'bar'}",
        "A.12 no parent | {'foo':'bar'} | {'op':'add','path':'/baz/bat','value':'qux'}",
        "A.15 number is not string | {'/':9,'~1':10} | {'op':'test','path':'/~01','value':'10'}",
        "replace nothing | {'foo':'bar'} | {'op':'replace','path':'/baz','value':1}",
        "remove nothing | {'foo':'bar'} | {'op':'remove','path':'/baz'}",
        "remove root | {'foo':'bar'} | {'op':'remove','path':''}",
        "test nothing | {'foo':'bar'} | {'op':'test','path':'/baz','value':null}",
        "behind the end | {'foo':['bar']} | {'op':'add','path':'/foo/2','value':1}",
        "replace at the end | {'foo':['bar']} | {'op':'replace','path':'/foo/1','value':1}",
        "replace - | {'foo':['bar']} | {'op':'replace','path':'/foo/-','value':1}",
        "below - | {'foo':[{}]} | {'op':'add','path':'/foo/-/a','value':1}",
        "leading zero | {'foo':['bar','baz']} | {'op':'replace','path':'/foo/01','value':1}",
        "name in array | {'foo':['bar']} | {'op':'add','path':'/foo/a','value':1}",
        "below a scalar | {'foo':'bar'} | {'op':'add','path':'/foo/a','value':1}",
        "below null | {'foo':null} | {'op':'add','path':'/foo/a','value':1}",
        "bad escape | {'a~b':1} | {'op':'replace','path':'/a~b','value':1}",
        "bad last escape | {'a~':1} | {'op':'replace','path':'/a~','value':1}",
        "no slash | {'foo':'bar'} | {'op':'replace','path':'foo','value':1}",
        "no value | {'foo':'bar'} | {'op':'add','path':'/foo'}",
        "no path | {'foo':'bar'} | {'op':'add','value':1}",
        "no op | {'foo':'bar'} | {'path':'/foo','value':1}",
        "copy | {'foo':'bar'} | {'op':'copy','from':'/foo','path':'/baz','value':1}"
      })
  void refuses(String name, String document, String operation) {
    assertThatThrownBy(() -> applied(document, operation))
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void leaves_the_document_as_it_was() {
    JsonNode document = json("{'foo':['bar']}");
    StrictJsonPatch.apply(document, json("[{'op':'add','path':'/foo/-','value':1}]"));
    assertThat(document).isEqualTo(json("{'foo':['bar']}"));
  }

  @Test
  void sees_in_each_operation_what_those_before_it_did() {
    assertThat(
            StrictJsonPatch.apply(
                json("{}"),
                json("[{'op':'add','path':'/a','value':{}},{'op':'add','path':'/a/b','value':1}]")))
        .isEqualTo(json("{'a':{'b':1}}"));
  }

  private static JsonNode applied(String document, String operation) {
    return StrictJsonPatch.apply(json(document), json("[" + operation + "]"));
  }

  private static JsonNode json(String text) {
    try {
      return JSON.readTree(text.replace('\'', '"'));
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(text, e);
    }
  }
}
