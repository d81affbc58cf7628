package dev.holdfast.yaml;

/**
 * A place in a text, as editors count: the first line is 1, the first column is 1.
 *
 * @param line the line, from 1
 * @param column the column in characters (code points), from 1
 */
public record Position(int line, int column) implements Comparable<Position> {
  @Override
  public int compareTo(Position other) {
    int byLine = Integer.compare(line, other.line);
    return byLine != 0 ? byLine : Integer.compare(column, other.column);
  }

  @Override
  public String toString() {
    return line + ":" + column;
  }
}
